/** A titled group of named facts; nothing is shown of a group without any. */
import type { ReactNode } from 'react';

export type Fact = [name: string, value: ReactNode] | null | false;

export function Facts(props: { title: string; facts: readonly Fact[]; children?: ReactNode }): JSX.Element | null {
  const facts = props.facts.filter((fact): fact is [string, ReactNode] =>
    Boolean(fact && fact[1] !== null && fact[1] !== undefined && fact[1] !== '' && fact[1] !== false)
  );
  if (facts.length === 0 && !props.children) {
    return null;
  }
  return (
    <section className="valo-Facts">
      <h3>{props.title}</h3>
      {facts.length > 0 && (
        <dl>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {props.children}
    </section>
  );
}
