import { describe, expect, it } from 'vitest';
import type { MetadataPoint } from '../api/types';
import { latest, series, stepName } from './metadata';

const point = (seq: number, values: object) => ({ seq, time: '', ...values }) as MetadataPoint;

describe('metadata', () => {
  const points = [
    point(1, { epoch: 1, loss: 0.5, note: 'a' }),
    point(2, { epoch: 2, loss: 0.25, accuracy: 'NaN' }),
    point(3, { epoch: 4, loss: 0.125 })
  ];

  it('keeps the latest value of each name, ours left out', () => {
    expect(latest(points)).toEqual([
      ['epoch', 4],
      ['loss', 0.125],
      ['note', 'a'],
      ['accuracy', 'NaN']
    ]);
  });

  it('draws numbers over the name that counts steps', () => {
    expect(stepName(points)).toBe('epoch');
    expect(series(points, 'epoch')).toEqual([
      {
        name: 'loss',
        values: [
          { index: 1, value: 0.5 },
          { index: 2, value: 0.25 },
          { index: 4, value: 0.125 }
        ]
      }
    ]);
  });

  it('draws over the place of a point when nothing counts steps', () => {
    const plain = [point(5, { loss: 2 }), point(9, { loss: 1 })];
    expect(stepName(plain)).toBeNull();
    expect(series(plain, null)[0].values.map(({ index }) => index)).toEqual([1, 2]);
  });
});
