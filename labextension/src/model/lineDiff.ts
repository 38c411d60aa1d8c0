/** Two texts line by line: what is the same in both, what only one of them has. */

export interface IDiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

/** Beyond so many comparisons the texts are shown one after the other. */
const MOST = 4_000_000;

export function lineDiff(before: string, after: string): IDiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  if (a.length * b.length > MOST) {
    return [...a.map(text => line('removed', text)), ...b.map(text => line('added', text))];
  }
  // lengths of the longest common subsequences of what is left from i and j on
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const found: IDiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      found.push(line('same', a[i]));
      i++;
      j++;
    } else if (i < a.length && (j === b.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      found.push(line('removed', a[i++]));
    } else {
      found.push(line('added', b[j++]));
    }
  }
  return found;
}

function line(kind: IDiffLine['kind'], text: string): IDiffLine {
  return { kind, text };
}
