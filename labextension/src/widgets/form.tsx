/** The run form as it fills: the notebook and the environments are asked for when it opens. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { useCallback, useEffect, useState } from 'react';
import { asError } from '../api/errors';
import type { IEnvironment, INotebookInfo } from '../api/types';
import { Message } from '../components/Message';
import { RunForm } from '../components/RunForm';
import { TransContext, useTrans } from '../components/trans';
import { EMPTY, fitting, withFiles, type IDraft } from '../model/draft';
import type { IValo } from '../tokens';
import { InputPicker } from './inputPicker';

export interface IFormOptions {
  trans: TranslationBundle;
  shortcut: string;
  load: () => Promise<ILoaded & { draft: IDraft | null }>;
  run: (draft: IDraft, info: INotebookInfo) => void;
  valo: Pick<IValo, 'api' | 'feed'>;
  /** Files to use, from elsewhere: they go to the first input, where they are seen and can be moved. */
  files?: readonly { address: string; name: string }[];
}

export class FormWidget extends ReactWidget {
  constructor(private _options: IFormOptions) {
    super();
  }

  render(): JSX.Element {
    return (
      <TransContext.Provider value={this._options.trans}>
        <Form {...this._options} />
      </TransContext.Provider>
    );
  }
}

interface ILoaded {
  info: INotebookInfo;
  environments: IEnvironment[];
  /** What stands there without any choice; an empty draft when left out. */
  own?: IDraft;
}

function Form(props: IFormOptions): JSX.Element {
  const trans = useTrans();
  const { load, run, shortcut, valo, files } = props;
  const [loaded, setLoaded] = useState<ILoaded | null>(null);
  const [draft, setDraft] = useState<IDraft | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const begin = useCallback(() => {
    setProblem(null);
    load().then(
      ({ draft: remembered, ...rest }) => {
        const { info, environments, own = EMPTY } = rest;
        const slugs = environments.map(({ slug }) => slug);
        setDraft(withFiles(fitting(remembered ?? own, info, slugs), info, files ?? []));
        setLoaded(rest);
      },
      reason => setProblem(asError(reason).message)
    );
  }, [load, files]);
  useEffect(begin, [begin]);
  if (problem !== null) {
    return (
      <Message kind="error" title={trans.__('The notebook cannot be prepared')} text={problem}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={begin}>
          {trans.__('Try again')}
        </button>
      </Message>
    );
  }
  if (!loaded || !draft) {
    return <Message kind="busy" title={trans.__('Reading the notebook…')} />;
  }
  return (
    <RunForm
      {...loaded}
      draft={draft}
      shortcut={shortcut}
      names={Object.fromEntries((files ?? []).map(({ address, name }) => [address, name]))}
      picker={(add, close) => <InputPicker valo={valo} project={loaded.info.project.id} onAdd={add} onClose={close} />}
      onChange={setDraft}
      onRun={() => run(draft, loaded.info)}
    />
  );
}
