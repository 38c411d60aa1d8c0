/** Why the user can look at the pool but not change it. */
import type { Account } from '../model/account';
import { useTrans } from './trans';

export function useReadOnly(account: Account): string | null {
  const trans = useTrans();
  return account.mayWrite
    ? null
    : trans.__('Only administrators of the server change environments; %1 is not one.', account.me?.username ?? '');
}
