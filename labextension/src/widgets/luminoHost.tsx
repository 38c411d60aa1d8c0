/** A Lumino widget inside React: attached with the element, disposed of with it. */
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { useLayoutEffect, useRef } from 'react';

/** `create` must be the same function as long as the same widget is meant. */
export function LuminoHost(props: { create: () => Widget; className?: string }): JSX.Element {
  const { create, className } = props;
  const host = useRef<HTMLDivElement>(null);
  // before the element leaves the document, which Lumino asks for
  useLayoutEffect(() => {
    const node = host.current;
    if (!node) {
      return;
    }
    const widget = create();
    Widget.attach(widget, node);
    const observer = new ResizeObserver(() => MessageLoop.sendMessage(widget, Widget.ResizeMessage.UnknownSize));
    observer.observe(node);
    return () => {
      observer.disconnect();
      widget.dispose();
    };
  }, [create]);
  return <div className={className} ref={host} />;
}
