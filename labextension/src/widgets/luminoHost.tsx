/** A Lumino widget inside React: attached with the element, disposed of with it. */
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { useEffect, useRef } from 'react';

/** `create` must be the same function as long as the same widget is meant. */
export function LuminoHost(props: { create: () => Widget; className?: string }): JSX.Element {
  const { create, className } = props;
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = host.current;
    if (!node) {
      return;
    }
    const widget = create();
    Widget.attach(widget, node);
    const observer = new ResizeObserver(() =>
      MessageLoop.sendMessage(widget, Widget.ResizeMessage.UnknownSize)
    );
    observer.observe(node);
    return () => {
      observer.disconnect();
      // React may have taken the element away already: then Lumino must not detach it again
      if (widget.isAttached && widget.node.isConnected) {
        Widget.detach(widget);
      }
      widget.dispose();
    };
  }, [create]);
  return <div className={className} ref={host} />;
}
