import { describe, expect, it } from 'vitest';
import { EVERYTHING, filterOf, isEverything, typed, unfinished } from './dataQuery';

describe('the search of files', () => {
  it('takes what has a key out of the words', () => {
    const choice = typed(EVERYTHING, 'train tag:"two words" from:upload run:#12 store:team csv');
    expect(choice).toEqual({
      search: 'train csv',
      tags: ['two words'],
      alias: '',
      store: 'team',
      origin: 'upload',
      execution: '12'
    });
    expect(filterOf('p1', choice)).toMatchObject({ search: 'train csv', tag: ['two words'], execution: 'p1:12' });
  });

  it('leaves words alone whose key means nothing, and origins that there are not', () => {
    expect(typed(EVERYTHING, 'http://a from:mars').search).toBe('http://a from:mars');
  });

  it('waits for the end of what is being typed', () => {
    expect(unfinished('a tag:b')).toBe(true);
    expect(unfinished('tag:b a')).toBe(false);
    expect(isEverything(EVERYTHING)).toBe(true);
  });
});
