/** Which project's executions are shown; nothing to choose while there is one. */
import type { IProject } from '../api/types';
import { useTrans } from './trans';

export function ProjectSelect(props: {
  projects: readonly IProject[];
  current: IProject | null;
  onChange: (project: IProject) => void;
}): JSX.Element | null {
  const trans = useTrans();
  const { projects, current, onChange } = props;
  if (projects.length === 0) {
    return null;
  }
  return (
    <select
      className="valo-Select valo-Project"
      aria-label={trans.__('Project')}
      value={current?.id ?? ''}
      onChange={event => {
        const chosen = projects.find(({ id }) => id === event.target.value);
        if (chosen) {
          onChange(chosen);
        }
      }}
    >
      {projects.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
