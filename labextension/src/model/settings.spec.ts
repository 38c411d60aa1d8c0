import { describe, expect, it } from 'vitest';
import { ValoError } from '../api/errors';
import { anEnvironment } from '../testing/pool';
import type { IField } from './fields';
import { asSaved, changesOf, hasSecret, missingOf, refusedOf, savedText, touched } from './settings';

const max: IField = { key: 'max_scale', type: 'integer', title: 'Maximum', required: true, default: 5 };
const name: IField = { key: 'name', type: 'string', title: 'Name', required: true };
const hosts: IField = { key: 'options.hosts', type: 'list', title: 'Hosts', default: [], required: true };
const folder: IField = { key: 'options.folder', type: 'string', title: 'Folder', default: '~/.cache/valo' };
const key: IField = { key: 'options.key', type: 'text', title: 'Key', secret: true };
const memory: IField = { key: 'containers.memory_bytes', type: 'size', title: 'Memory' };
const fields = [max, name, hosts, folder, key, memory];

const environment = anEnvironment('gpu', {
  engine: 'ssh',
  max_scale: 3,
  options: { hosts: ['a@b'], folder: '/work', key: { set: true } }
});
const saved = asSaved(environment);

describe('changes of settings', () => {
  it('shows what is saved, what holds by default of something new, and no secret', () => {
    expect(fields.map(field => savedText(field, saved))).toEqual(['3', 'gpu', 'a@b', '/work', '', '']);
    expect(savedText(max, null)).toBe('5');
    expect([hasSecret(key, saved), hasSecret(key, null)]).toEqual([true, false]);
  });

  it('forgets a change that is taken back', () => {
    const draft = touched({}, max, '4', saved);
    expect(draft).toEqual({ max_scale: '4' });
    expect(touched(draft, max, '3', saved)).toEqual({});
    expect(touched(draft, max, undefined, saved)).toEqual({});
    expect(touched({}, key, '', saved)).toEqual({ 'options.key': '' });
  });

  it('sends only what was touched', () => {
    expect(changesOf(fields, {}, saved).changes).toEqual({});
    expect(changesOf(fields, { max_scale: '4' }, saved).changes).toEqual({ max_scale: 4 });
  });

  it('sends options as a whole, but for secrets that stay', () => {
    expect(changesOf(fields, { 'options.folder': '/other' }, saved).changes).toEqual({
      options: { hosts: ['a@b'], folder: '/other' }
    });
    expect(changesOf(fields, { 'options.key': null }, saved).changes.options).toMatchObject({ key: null });
    expect(changesOf(fields, { 'options.key': 'SECRET' }, saved).changes.options).toMatchObject({ key: 'SECRET' });
    expect(changesOf([name], {}, saved, ['options']).changes).toEqual({ options: {} });
  });

  it('says which texts are no values', () => {
    expect(changesOf(fields, { max_scale: 'x', name: '', 'containers.memory_bytes': '?' }, saved).problems).toEqual({
      max_scale: 'integer',
      name: 'required',
      'containers.memory_bytes': 'size'
    });
    expect(missingOf(fields, { name: 'x' })).toEqual({ 'options.hosts': 'required' });
  });

  it('puts what the server refused beside its fields, or says it whole', () => {
    const details = { max_scale: 'It must be more.', 'options.hosts': 'No such host.' };
    expect(refusedOf(new ValoError('invalid_environment', 'Two problems.', details))).toEqual(details);
    expect(refusedOf(new ValoError('not_allowed', 'Ask an administrator.'))).toEqual({ '': 'Ask an administrator.' });
  });
});
