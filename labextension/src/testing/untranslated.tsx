/** What `translated.spec.ts` is to find. */
export const Wrong = (): JSX.Element => <button title="Ends it">Stop</button>;
