/** A line of text with its terminal colours, drawn by Lab's own renderer when it has any. */
import { Sanitizer } from '@jupyterlab/apputils';
import { renderText } from '@jupyterlab/rendermime';
import { useLayoutEffect, useRef } from 'react';

const ESCAPE = '\x1b';
const sanitizer = new Sanitizer();

export function AnsiText(props: { text: string }): JSX.Element {
  const { text } = props;
  const host = useRef<HTMLSpanElement>(null);
  const coloured = text.includes(ESCAPE);
  useLayoutEffect(() => {
    const node = host.current;
    if (!coloured || !node) {
      return;
    }
    void renderText({ host: node, source: text, sanitizer });
    return () => node.replaceChildren();
  }, [text, coloured]);
  return coloured ? <span className="jp-RenderedText valo-Ansi" ref={host} /> : <>{text}</>;
}
