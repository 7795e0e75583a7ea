package trace

import (
	"context"
	"database/sql"
	"strings"
	"sync"

	"jingwei/internal/kernel/store"
)

// resolver is what identifiers of GS1 begin with in their canonical form; the table leaves it out.
const resolver = "https://id.gs1.org/"

// stored is how an identifier stands in the table. Those of GS1 begin with a digit then; every other URI begins with a letter.
func stored(key string) string {
	if rest, ok := strings.CutPrefix(key, resolver); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		return rest
	}
	return key
}

func keyOf(stored string) string {
	if stored != "" && stored[0] >= '0' && stored[0] <= '9' {
		return resolver + stored
	}
	return stored
}

// names remembers the numbers of identifiers that were used last: two generations, of which the older is dropped when the
// younger is full.
type names struct {
	mu         sync.Mutex
	young, old map[string]int64
}

// nameGeneration is how many names are in a generation, some 100 bytes each.
const nameGeneration = 150_000

func newNames() *names { return &names{young: map[string]int64{}, old: map[string]int64{}} }

func (n *names) get(key string) (int64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if num, ok := n.young[key]; ok {
		return num, true
	}
	num, ok := n.old[key]
	if ok {
		n.put(key, num)
	}
	return num, ok
}

func (n *names) put(key string, num int64) {
	if len(n.young) >= nameGeneration {
		n.old, n.young = n.young, make(map[string]int64, nameGeneration)
	}
	n.young[key] = num
}

func (n *names) putAll(of map[string]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for key, num := range of {
		n.put(key, num)
	}
}

// find looks up the numbers of identifiers; those that are not known are left out.
func (l *ledger) find(ctx context.Context, q queryer, keys []string) (map[string]int64, error) {
	out := make(map[string]int64, len(keys))
	var ask []string
	for _, k := range keys {
		if num, ok := l.names.get(k); ok {
			out[k] = num
		} else if _, twice := out[k]; !twice {
			ask = append(ask, k)
		}
	}
	for len(ask) > 0 {
		n := min(len(ask), 250)
		args := make([]any, n)
		for i := range args {
			args[i] = stored(ask[i])
		}
		err := eachRow(ctx, q, "SELECT num, name FROM trace_names WHERE name IN ("+l.marks(1, n)+")", args, func(r *sql.Rows) error {
			var num int64
			var name string
			err := r.Scan(&num, &name)
			out[keyOf(name)] = num
			return err
		})
		if err != nil {
			return nil, wrap("look up identifiers", err)
		}
		ask = ask[n:]
	}
	return out, nil
}

// spell looks up the identifiers of numbers.
func (l *ledger) spell(ctx context.Context, q queryer, nums []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(nums))
	for len(nums) > 0 {
		n := min(len(nums), chunk)
		err := eachRow(ctx, q, "SELECT num, name FROM trace_names WHERE num IN ("+numbers(nums[:n])+")", nil, func(r *sql.Rows) error {
			var num int64
			var name string
			err := r.Scan(&num, &name)
			out[num] = keyOf(name)
			return err
		})
		if err != nil {
			return nil, wrap("read identifiers", err)
		}
		nums = nums[n:]
	}
	return out, nil
}

// insertNames gives new identifiers their numbers.
func (l *ledger) insertNames(b *bulk, keys []string, next *int64, into map[string]int64) error {
	for _, k := range keys {
		if _, ok := into[k]; ok {
			continue
		}
		into[k] = *next
		if err := b.add(*next, stored(k)); err != nil {
			return store.Err(err)
		}
		*next++
	}
	return nil
}
