/*
 * What the programs have in common that count how often a file was found whole while it was saved. They say READY,
 * and then answer each line on standard input:
 *   begin CLASS   a save of that class begins: OK
 *   end           it has ended: OK N, when nothing that was begun before is under way any more; so far saves of its
 *                 class were seen empty or torn N times
 *   stop          the counts, as JSON, and the program's end
 * The classes are 0, 1, and 2 for all that was before the first save. Whatever overlaps a save, and be it for an
 * instant, is counted as `during` saves of its class, all else as `after` the last one.
 */
#include <stdio.h>
#include <string.h>

enum { CLASSES = 3, BEFORE_ALL = 2 };
enum finding { WHOLE, EMPTY, TORN, FAILED, BACKWARDS, FINDINGS };

/* How many saves have begun and ended, odd while one is under way; in the lowest two bits the class of the last. */
typedef unsigned moment;
static inline moment first_moment(void) { return BEFORE_ALL; }
static inline moment next_moment(moment at, int class) { return ((at >> 2) + 1) << 2 | (class & 3); }
static inline int class_at(moment at) { return at & 3; }
static inline int saving_at(moment at) { return at >> 2 & 1; }

struct counts {
  unsigned long found[FINDINGS];
  char example[200];
};

struct table {
  struct counts of[CLASSES][2];
};

/* Counts one finding that began and ended at these moments. The example is kept if it is the first of something bad. */
static inline void count(struct table *table, moment began, moment ended, enum finding finding, const char *example) {
  struct counts *counts = &table->of[class_at(ended)][began != ended || saving_at(ended)];
  counts->found[finding]++;
  if (finding == WHOLE || *counts->example) return;
  snprintf(counts->example, sizeof counts->example, "%s", example);
  for (char *at = counts->example; *at; at++)
    if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') *at = ' ';
}

static inline void add(struct table *sum, const struct table *part) {
  for (int class = 0; class < CLASSES; class++)
    for (int during = 0; during < 2; during++) {
      struct counts *to = &sum->of[class][during];
      const struct counts *from = &part->of[class][during];
      for (int finding = 0; finding < FINDINGS; finding++) to->found[finding] += from->found[finding];
      if (!*to->example) memcpy(to->example, from->example, sizeof to->example);
    }
}

static inline unsigned long broken_during(const struct table *table, int class) {
  return table->of[class][1].found[EMPTY] + table->of[class][1].found[TORN];
}

static inline void print_counts(const char *name, const struct counts *counts) {
  unsigned long all = 0;
  for (int finding = 0; finding < FINDINGS; finding++) all += counts->found[finding];
  const unsigned long *found = counts->found;
  printf("\"%s\":{\"all\":%lu,\"empty\":%lu,\"torn\":%lu,", name, all, found[EMPTY], found[TORN]);
  printf("\"failed\":%lu,\"backwards\":%lu,\"example\":\"%s\"}", found[FAILED], found[BACKWARDS], counts->example);
}

static inline void print_table(const struct table *table) {
  putchar('[');
  for (int class = 0; class < CLASSES; class++) {
    printf("%s{", class ? "," : "");
    print_counts("during", &table->of[class][1]);
    putchar(',');
    print_counts("after", &table->of[class][0]);
    putchar('}');
  }
  puts("]");
  fflush(stdout);
}

static inline void say_ended(unsigned long broken) {
  printf("OK %lu\n", broken);
  fflush(stdout);
}

static inline void say(const char *word) {
  puts(word);
  fflush(stdout);
}
