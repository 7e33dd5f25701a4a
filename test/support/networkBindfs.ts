/** Pretends that bindfs, which mountinfo calls plain `fuse`, is a network file system. To be imported before what asks. */
import { NETWORK_FUSE } from '../../src/platform/linux/layouts';

(NETWORK_FUSE as Set<string>).add('fuse');
