import { describe, expect, it } from 'vitest';
import type { Value } from '../api/types';
import { bytesOf, sizeText, textOfField, valueOfField, WrongText, type FieldProblem, type FieldType } from './fields';

const field = (type: FieldType, required = false) => ({ key: 'x', title: 'X', type, required });

describe('fields of settings', () => {
  it.each([
    ['string', ' a ', 'a'],
    ['string', '', null],
    ['text', 'a\nb\n', 'a\nb\n'],
    ['integer', '12', 12],
    ['number', '0.5', 0.5],
    ['number', ' ', null],
    ['flag', 'true', true],
    ['flag', 'false', false],
    ['size', '512 MB', 512_000_000],
    ['size', '2GiB', 2 * 1024 ** 3],
    ['list', 'a@b\n\n{"host": "c", "port": 22}', ['a@b', { host: 'c', port: 22 }]],
    ['list', '', []],
    ['object', 'A=1\nB = x=y', { A: '1', B: 'x=y' }],
    ['object', '{"a": [1]}', { a: [1] }],
    ['object', '', {}],
    ['quotas', '[["research","2"],["",""]]', { research: 2 }]
  ] as [FieldType, string, Value][])('%s %j', (type, text, value) => {
    expect(valueOfField(field(type), text)).toEqual(value);
  });

  it.each([
    ['integer', '1.5', 'integer'],
    ['number', 'much', 'number'],
    ['size', '2 apples', 'size'],
    ['list', '{no', 'list'],
    ['object', 'novalue', 'object'],
    ['object', '{', 'object'],
    ['quotas', '[["a","-1"]]', 'quotas'],
    ['quotas', '[["a","1"],["a","2"]]', 'quotas']
  ] as [FieldType, string, FieldProblem][])('%s is not %j', (type, text, problem) => {
    expect(() => valueOfField(field(type), text)).toThrow(new WrongText(problem));
  });

  it('asks for what is needed', () => {
    expect(() => valueOfField(field('string', true), ' ')).toThrow(new WrongText('required'));
  });

  it.each([
    ['list', ['a@b', { host: 'c' }], 'a@b\n{"host":"c"}'],
    ['object', { A: '1', B: '2' }, 'A=1\nB=2'],
    ['object', {}, ''],
    ['flag', false, 'false'],
    ['integer', null, ''],
    ['size', 2_000_000_000, '2 GB']
  ] as [FieldType, Value, string][])('shows %s %j', (type, value, text) => {
    expect(textOfField(field(type), value)).toBe(text);
  });

  it('reads back every size as it was', () => {
    for (const bytes of [1, 1000, 1_500_000, 64 * 1024 ** 2, 3 * 1024 ** 3, 4_000_000_000, 2_000_000_000_001]) {
      expect(bytesOf(sizeText(bytes))).toBe(bytes);
    }
  });
});
