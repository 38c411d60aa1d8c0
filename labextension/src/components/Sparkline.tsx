/** The last values of a metric as one small line. */
export function Sparkline(props: { values: readonly (number | string)[]; label: string }): JSX.Element | null {
  const values = props.values.map(Number).filter(Number.isFinite);
  if (values.length < 2) {
    return null;
  }
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values
    .map((value, index) => `${(index / (values.length - 1)) * 58 + 1},${13 - ((value - low) / span) * 12}`)
    .join(' ');
  return (
    <svg className="valo-Sparkline" viewBox="0 0 60 14" width="60" height="14" role="img" aria-label={props.label}>
      <polyline points={points} />
    </svg>
  );
}
