/** What differs between the code that ran and its git HEAD, line by line. */

/** More lines than this are read in an editor, from the downloaded code. */
const SHOWN = 2_000;

export function PatchView(props: { patch: string; label: string }): JSX.Element {
  const lines = props.patch.split('\n');
  return (
    <pre className="valo-Patch" tabIndex={0} aria-label={props.label}>
      {lines.slice(0, SHOWN).map((line, index) => (
        <span key={index} data-kind={kindOf(line)}>
          {line}
          {'\n'}
        </span>
      ))}
      {lines.length > SHOWN && '…'}
    </pre>
  );
}

function kindOf(line: string): string | undefined {
  if (/^(diff |index |--- |\+\+\+ |new file|deleted file|similarity|rename )/.test(line)) {
    return 'head';
  }
  return { '+': 'added', '-': 'removed', '@': 'place' }[line[0]];
}
