import { describe, expect, it } from 'vitest';
import { previewKind } from './preview';

describe('how a file is looked at', () => {
  it.each([
    ['plots/loss.PNG', 1000, 'image'],
    ['drawing.svg', 1000, 'image'],
    ['huge.png', 90_000_000, null],
    ['t.csv', 5_000_000_000, 'table'],
    ['report.html', 1000, 'html'],
    ['history.json', 10, 'json'],
    ['big.json', 5_000_000, 'text'],
    ['train.parquet', 5_000_000_000, 'parquet'],
    ['nb.ipynb', 10, 'notebook'],
    ['voice.mp3', 10, 'audio'],
    ['logs/train.log', 5_000_000_000, 'text'],
    ['README', 10, 'text'],
    ['model.npz', 10, null],
    ['weights.pkl', 10, null]
  ])('%s of %d bytes', (name, size, kind) => expect(previewKind(name, size)).toBe(kind));
});
