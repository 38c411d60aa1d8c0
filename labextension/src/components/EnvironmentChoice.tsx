/** Where to run: what is free there, who waits, what it costs, and why it cannot be chosen. */
import { useId } from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IEnvironment } from '../api/types';
import { free, waiting } from '../model/environments';
import { formatCost } from './format';
import { useTrans } from './trans';

export function EnvironmentChoice(props: {
  environments: readonly IEnvironment[];
  /** A short name; empty: the default one. */
  chosen: string;
  onChange: (slug: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const { environments, chosen, onChange } = props;
  const standard = environments.find(environment => environment.default);
  const current = environments.find(({ slug }) => slug === chosen) ?? (chosen ? undefined : standard);
  const hint = current && (obstacle(trans, current) ?? [current.hardware, current.description].filter(Boolean)[0]);
  return (
    <div className="valo-Field valo-EnvironmentChoice">
      <label htmlFor={id}>{trans.__('Environment')}</label>
      <select
        id={id}
        className="valo-Select"
        value={chosen}
        aria-describedby={`${id}-hint`}
        onChange={event => onChange(event.target.value)}
      >
        <option value="">
          {standard ? trans.__('Default: %1', words(trans, standard)) : trans.__('Default of the project')}
        </option>
        {environments.map(environment => (
          <option key={environment.slug} value={environment.slug} disabled={!environment.enabled}>
            {words(trans, environment)}
          </option>
        ))}
      </select>
      <span className="valo-Field-hint" id={`${id}-hint`}>
        {hint}
      </span>
    </div>
  );
}

/** `gpu · 2 free · 3 waiting · $1.20 per hour` */
function words(trans: TranslationBundle, environment: IEnvironment): string {
  const { name, enabled, max_scale: most, per_hour_price_usd: price } = environment;
  const line = waiting(environment);
  return [
    name,
    !enabled
      ? trans.__('disabled')
      : line
        ? trans.__('%1 waiting', line)
        : trans.__('%1 of %2 free', free(environment), most),
    price !== null && trans.__('%1 per hour', formatCost(price))
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Why a run there would wait for more than its turn. */
function obstacle(trans: TranslationBundle, { enabled, problem }: IEnvironment): string | null {
  if (!enabled) {
    return trans.__('An administrator has disabled it; nothing starts there.');
  }
  return problem && trans.__('No machine can be had at the moment: %1', problem);
}
