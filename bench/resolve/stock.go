package resolve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
)

// stock is a node's registry with identifiers in it, on SQLite, with the evidence log behind it as in a node.
type stock struct {
	dir      string
	n        int
	db       *store.DB
	log      *evidence.Log
	registry *registry.Service
	stop     context.CancelFunc
	work     *errgroup.Group
}

const (
	stockPrefix  = "88.101.5"
	stockBatch   = 2000 // identifiers in one call, the most that the API takes
	stockWriters = 4
)

// stockName is the i-th identifier.
func stockName(i int) handle.Name { return handle.Name(fmt.Sprintf("%s/pump-%08d", stockPrefix, i)) }

// stockValues are those of an ordinary product: where to read about it, whom to ask, who administers it.
func stockValues(i int) []handle.Value {
	text := func(index uint32, kind, data string) handle.Value {
		return handle.Value{Index: index, Type: kind, Data: []byte(data), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
	}
	admin := handle.Admin{Rights: handle.AllRights, Reference: handle.Reference{Handle: handle.PrefixHandle(stockPrefix), Index: 300}}
	return []handle.Value{
		text(1, "URL", fmt.Sprintf("https://id.works.example/pump/%08d", i)), text(2, "EMAIL", "service@works.example"),
		{Index: 100, Type: handle.TypeAdmin, Data: handle.AppendAdmin(nil, admin), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions},
	}
}

// open opens the registry on what is in the folder.
func (s *stock) open(ctx context.Context) (err error) {
	if s.db, err = store.Open(ctx, store.SQLiteURL(filepath.Join(s.dir, "records.db")), store.Options{}); err != nil {
		return err
	}
	if err := audit.Migrate(ctx, s.db); err != nil {
		return err
	}
	keys, err := evidence.LoadKeys(file.OS(), s.dir, "jingwei.node/bench")
	if err != nil {
		return err
	}
	if s.log, err = evidence.Open(evidence.Options{FS: file.OS(), Dir: filepath.Join(s.dir, "evidence"), Origin: "jingwei.node/bench", Keys: keys, Now: time.Now}); err != nil {
		return err
	}
	node := uuid.UUID{15: 1}
	book, err := group.OpenBook(ctx, group.Options{DB: s.db, Log: s.log, Node: node})
	if err != nil {
		return err
	}
	s.registry, err = registry.New(ctx, registry.Options{
		DB: s.db, FS: file.OS(), Dir: filepath.Join(s.dir, "identifiers"), Node: node, Book: book, Now: time.Now,
		Home: func(context.Context) (uuid.UUID, error) { return node, nil },
	})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.work = stop, &errgroup.Group{}
	s.work.Go(func() error { return s.registry.Run(running) })
	s.work.Go(func() error { return book.Run(running) })
	return nil
}

func (s *stock) close() error {
	s.stop()
	if err := s.work.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return errors.Join(s.registry.Close(), s.log.Close(), s.db.Close())
}

// fill registers all identifiers, each call durable before the next of its writer.
func (s *stock) fill(ctx context.Context) error {
	ctx = auth.AsSystem(ctx, "bench")
	if _, err := s.registry.Allocate(ctx, registry.Allocation{Prefix: stockPrefix, State: registry.Homed, Reason: "bench"}); err != nil {
		return err
	}
	batches := make(chan int)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(batches)
		for from := 0; from < s.n; from += stockBatch {
			select {
			case batches <- from:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range stockWriters {
		work.Go(func() error {
			for from := range batches {
				b := registry.Batch{Whole: true, Reason: "bench"}
				for i := from; i < min(from+stockBatch, s.n); i++ {
					b.Inputs = append(b.Inputs, registry.Input{Change: registry.Change{Operation: registry.Create, Name: stockName(i), Values: stockValues(i)}})
				}
				if _, err := s.registry.Submit(ctx, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return work.Wait()
}

// touch looks every identifier up, so that every page of the index that holds one is resident, and checks each.
func (s *stock) touch() error {
	var record, key []byte
	for i := range s.n {
		name := stockName(i)
		key = handle.Fold(key[:0], []byte(name))
		var ok bool
		if record, ok = s.registry.Append(record[:0], key); !ok {
			return fmt.Errorf("%s, which was acknowledged, is not held", name)
		}
		got, values, err := handle.DecodeRecord(record)
		if err != nil || got != name || len(values) != 3 {
			return fmt.Errorf("%s is held as %s with %d values: %w", name, got, len(values), err)
		}
	}
	return nil
}

// Stock is what filling, restarting and holding cost.
type Stock struct {
	Names       int
	Fill        time.Duration
	Disk, Index int64 // bytes: all of it, and the index alone
	Ready       time.Duration
	Memory      int64 // bytes that became resident by opening the index and looking everything up
}

// measure fills a stock, closes it, opens it again and looks everything up. The stock is open afterwards.
func (s *stock) measure(ctx context.Context, out io.Writer) (r Stock, err error) {
	r.Names = s.n
	if err := s.open(ctx); err != nil {
		return r, err
	}
	begin := time.Now()
	if err := s.fill(ctx); err != nil {
		return r, errors.Join(err, s.close())
	}
	r.Fill = time.Since(begin)
	fmt.Fprintf(out, "registered %d identifiers in %v\n", s.n, r.Fill.Round(time.Millisecond))
	if err := s.close(); err != nil {
		return r, err
	}
	if r.Disk, err = size(s.dir); err != nil {
		return r, err
	}
	if r.Index, err = size(filepath.Join(s.dir, "identifiers")); err != nil {
		return r, err
	}
	debug.FreeOSMemory()
	before, err := resident()
	if err != nil {
		return r, err
	}
	begin = time.Now()
	if err := s.open(ctx); err != nil {
		return r, err
	}
	record, ok := s.registry.Append(nil, handle.Fold(nil, []byte(stockName(s.n/2))))
	if r.Ready = time.Since(begin); !ok || len(record) == 0 {
		return r, errors.Join(errors.New("nothing is answered after the restart"), s.close())
	}
	if err := s.touch(); err != nil {
		return r, errors.Join(err, s.close())
	}
	debug.FreeOSMemory()
	after, err := resident()
	r.Memory = after - before
	return r, err
}

// resident is the memory of this process in bytes: its own and the pages of files that it has mapped.
func resident() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmRSS")
}

// size is what a folder takes, in bytes.
func size(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
