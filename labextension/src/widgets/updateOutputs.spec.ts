import type { IOutput } from '@jupyterlab/nbformat';
import { OutputAreaModel } from '@jupyterlab/outputarea';
import { describe, expect, it } from 'vitest';
import { updateOutputs } from './updateOutputs';

const text = (name: string, value: string | string[]): IOutput => ({ output_type: 'stream', name, text: value });
const image = (data: string): IOutput => ({
  output_type: 'display_data',
  data: { 'image/png': data },
  metadata: {}
});

function shown(before: IOutput[], after: IOutput[]): { area: OutputAreaModel; changes: string[] } {
  const area = new OutputAreaModel({ values: before, trusted: false });
  const changes: string[] = [];
  area.changed.connect((_, { type, newIndex, oldIndex }) =>
    changes.push(`${type} ${type === 'remove' ? oldIndex : newIndex}`)
  );
  updateOutputs(area, after);
  return { area, changes };
}

describe('the outputs of a running cell', () => {
  it('draws nothing when nothing changed, however the text is stored', () => {
    const { changes } = shown([text('stdout', 'a\nb'), image('x')], [text('stdout', ['a\n', 'b']), image('x')]);
    expect(changes).toEqual([]);
  });

  it('adds what came and keeps what is there', () => {
    const { area, changes } = shown([image('x')], [image('x'), image('y')]);
    expect(changes).toEqual(['add 1']);
    expect(area.length).toBe(2);
  });

  it('replaces only the last when it grew', () => {
    const { area, changes } = shown([image('x'), text('stdout', 'a')], [image('x'), text('stdout', 'ab'), image('y')]);
    expect(changes.filter(change => change.endsWith(' 0'))).toEqual([]);
    expect(area.toJSON().map(({ output_type: type }) => type)).toEqual(['display_data', 'stream', 'display_data']);
    expect(String(area.toJSON()[1].text)).toBe('ab');
  });

  it('starts over when an earlier one changed or went away', () => {
    expect(shown([image('x'), image('y')], [image('z'), image('y')]).area.toJSON()).toMatchObject([
      { data: { 'image/png': 'z' } },
      { data: { 'image/png': 'y' } }
    ]);
    expect(shown([image('x')], []).area.length).toBe(0);
  });
});
