/** The translator for components, without handing it through every property. */
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

export const DOMAIN = 'valo_jupyter';

export const TransContext = createContext<TranslationBundle>(nullTranslator.load(DOMAIN));

export function useTrans(): TranslationBundle {
  return useContext(TransContext);
}
