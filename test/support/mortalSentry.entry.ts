/** The sentry's thread as it is, in a process that may die at each of its steps. */
import './mortalThread';
import '../../src/keeper/sentry';
