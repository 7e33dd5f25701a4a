/** The stager's thread as it is, to which bindfs is a network file system, in a process that may die at each of its steps. */
import './mortalThread';
import './networkBindfs';
import '../../src/keeper/stager';
