/*
 * A stand-in for rstrtmgr.dll, to be loaded as a shared library: the same functions with the same types (restartmanager.h, winerror.h), for files of which
 * the test has said who uses them by hold(). Built with -fshort-wchar, so that wchar_t is WCHAR. Says by sessions() how many are open.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

typedef uint32_t DWORD, UINT, ULONG, BOOL;
typedef wchar_t WCHAR;
typedef struct { DWORD dwLowDateTime, dwHighDateTime; } FILETIME;
typedef struct { DWORD dwProcessId; FILETIME ProcessStartTime; } RM_UNIQUE_PROCESS;
typedef enum { RmUnknownApp = 0, RmConsole = 5 } RM_APP_TYPE;
typedef struct {
  RM_UNIQUE_PROCESS Process;
  WCHAR strAppName[255 + 1];
  WCHAR strServiceShortName[63 + 1];
  RM_APP_TYPE ApplicationType;
  ULONG AppStatus;
  DWORD TSSessionId;
  BOOL bRestartable;
} RM_PROCESS_INFO;

_Static_assert(sizeof(WCHAR) == 2, "WCHAR");
_Static_assert(sizeof(RM_UNIQUE_PROCESS) == 12, "RM_UNIQUE_PROCESS");
_Static_assert(sizeof(RM_PROCESS_INFO) == 668, "RM_PROCESS_INFO");
_Static_assert(offsetof(RM_PROCESS_INFO, strAppName) == 12, "strAppName");
_Static_assert(offsetof(RM_PROCESS_INFO, strServiceShortName) == 524, "strServiceShortName");
_Static_assert(offsetof(RM_PROCESS_INFO, ApplicationType) == 652, "ApplicationType");

enum { SUCCESS = 0, INVALID_HANDLE = 6, BAD_ARGUMENTS = 160, MORE_DATA = 234, MOST = 64, LONGEST = 260 };

static struct { WCHAR path[LONGEST]; RM_PROCESS_INFO info; } held[MOST];
static UINT held_count = 0;
static WCHAR registered[MOST][LONGEST];
static UINT registered_count = 0;
static DWORD session = 0;
static int open_sessions = 0, calls = 0;

static UINT length(const WCHAR *text) {
  UINT n = 0;
  while (text[n]) n++;
  return n;
}

static void copy(WCHAR *to, const WCHAR *from) { memcpy(to, from, (length(from) + 1) * sizeof(WCHAR)); }

static int same(const WCHAR *one, const WCHAR *other) {
  return length(one) == length(other) && memcmp(one, other, length(one) * sizeof(WCHAR)) == 0;
}

void hold(const WCHAR *path, DWORD pid, uint64_t started, const WCHAR *app, const WCHAR *service) {
  RM_PROCESS_INFO *info = &held[held_count].info;
  memset(info, 0, sizeof *info);
  copy(held[held_count].path, path);
  info->Process.dwProcessId = pid;
  info->Process.ProcessStartTime.dwLowDateTime = (DWORD)started;
  info->Process.ProcessStartTime.dwHighDateTime = (DWORD)(started >> 32);
  copy(info->strAppName, app);
  copy(info->strServiceShortName, service);
  info->ApplicationType = RmConsole;
  info->TSSessionId = 0xffffffff;
  held_count++;
}

void forget(void) { held_count = 0; calls = 0; }
int sessions(void) { return open_sessions; }
int listed(void) { return calls; }

DWORD RmStartSession(DWORD *handle, DWORD flags, WCHAR key[]) {
  if (flags != 0) return BAD_ARGUMENTS;
  for (int i = 0; i < 32; i++) key[i] = L'a';
  key[32] = 0;
  *handle = ++session;
  open_sessions++;
  registered_count = 0;
  return SUCCESS;
}

DWORD RmRegisterResources(DWORD handle, UINT files, const WCHAR *paths[], UINT applications,
                          const RM_UNIQUE_PROCESS *processes, UINT services, const WCHAR *names[]) {
  if (handle != session) return INVALID_HANDLE;
  if (applications || processes || services || names || files > MOST) return BAD_ARGUMENTS;
  for (UINT i = 0; i < files; i++) {
    if (length(paths[i]) >= LONGEST) return BAD_ARGUMENTS;
    copy(registered[registered_count++], paths[i]);
  }
  return SUCCESS;
}

DWORD RmGetList(DWORD handle, UINT *needed, UINT *count, RM_PROCESS_INFO infos[], DWORD *reasons) {
  if (handle != session) return INVALID_HANDLE;
  calls++;
  UINT room = *count, found = 0;
  for (UINT i = 0; i < held_count; i++) {
    int named = 0, before = 0;
    for (UINT j = 0; j < registered_count; j++) named |= same(registered[j], held[i].path);
    if (!named) continue;
    for (UINT j = 0; j < found && infos && j < room; j++)
      before |= infos[j].Process.dwProcessId == held[i].info.Process.dwProcessId;
    if (before) continue;
    if (infos && found < room) infos[found] = held[i].info;
    found++;
  }
  *needed = found;
  *reasons = 0;
  *count = found < room ? found : room;
  return found > room ? MORE_DATA : SUCCESS;
}

DWORD RmEndSession(DWORD handle) {
  if (handle != session) return INVALID_HANDLE;
  open_sessions--;
  return SUCCESS;
}
