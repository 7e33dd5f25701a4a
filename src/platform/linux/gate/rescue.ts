import { SystemError } from '../../../core/errors';
import { F_UNLCK } from '../layouts';
import { openLibrary } from '../libc';
import { bindGateCalls } from './calls';

/**
 * Gives up the leases of descriptors that another thread of this process opened and cannot give up itself.
 *
 * @throws Error if the calls cannot be loaded
 */
export function letGoOfAll(descriptors: readonly number[]): void {
  const calls = bindGateCalls(openLibrary());
  for (const descriptor of descriptors) {
    try {
      calls.setLease(descriptor, F_UNLCK, '');
    } catch (thrown) {
      // No lease any more, or another file by now that has none.
      if (!SystemError.is(thrown, 'EAGAIN', 'EBADF', 'EINVAL', 'EACCES')) throw thrown;
    }
  }
}
