/// <reference types="vite/client" />
import ts from 'typescript';
import { expect, it } from 'vitest';

const SOURCES = import.meta.glob<string>('./**/*.tsx', { query: '?raw', import: 'default', eager: true });
const EXAMPLE = './testing/untranslated.tsx';
/** Attributes that people read or hear. */
const READ = new Set(['title', 'aria-label', 'aria-description', 'placeholder', 'alt', 'label']);
const WORD = /\p{L}{2,}/u;

/** Words in the source that no translator is asked about, each with its place. */
function untranslated(file: string): string[] {
  const source = ts.createSourceFile(file, SOURCES[file], ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const words = ts.isJsxText(node)
      ? node.text
      : ts.isJsxAttribute(node) &&
          READ.has(node.name.getText()) &&
          node.initializer &&
          ts.isStringLiteral(node.initializer)
        ? node.initializer.text
        : '';
    if (WORD.test(words)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${file}:${line + 1}: ${words.trim()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it('every word that is shown goes through the translator', () => {
  const files = Object.keys(SOURCES).filter(name => !name.includes('.spec.') && name !== EXAMPLE);
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(untranslated)).toEqual([]);
});

it('a word that does not is found', () => {
  expect(untranslated(EXAMPLE)).toEqual([`${EXAMPLE}:2: Ends it`, `${EXAMPLE}:2: Stop`]);
});
