package tsdb

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/gob"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"jingwei/bench/trial"
	"jingwei/bench/workload"
)

// memoryStore is a store that keeps its rows in one file. It stands in for programs that tests do not build.
type memoryStore struct {
	name string
	dir  string
	mu   sync.Mutex
	rows map[int][]workload.Row
	lose bool // forgets a row
}

func (m *memoryStore) Name() string             { return m.name }
func (*memoryStore) Version() string            { return "v0" }
func (*memoryStore) LogPaths(d string) []string { return []string{filepath.Join(d, "log")} }
func (*memoryStore) Compact() error             { return nil }
func (*memoryStore) Ways() []string             { return []string{"slow", "direct"} }

func (m *memoryStore) file() string { return filepath.Join(m.dir, "rows") }

func (m *memoryStore) Open(dir string, _ workload.Spec) error {
	m.dir, m.rows = dir, map[int][]workload.Row{}
	f, err := os.Open(m.file())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return gob.NewDecoder(bufio.NewReader(f)).Decode(&m.rows)
}

func (m *memoryStore) Write(_ int, b *workload.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range b.Series {
		m.rows[int(s)] = append(m.rows[int(s)], workload.Row{Time: b.Time[i], Gateway: b.Gateway[i], Bits: b.Bits[i], Flags: b.Flags[i], Status: b.Status[i]})
	}
	return nil
}

func (m *memoryStore) Flush() error {
	for s, rows := range m.rows {
		slices.SortFunc(rows, func(a, b workload.Row) int { return cmp.Compare(a.Time, b.Time) })
		if m.lose && s == 1 {
			m.rows[s] = rows[1:]
		}
	}
	return nil
}

func (m *memoryStore) Close() error {
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(m.rows); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.dir, "log"), []byte("log"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(m.file(), data.Bytes(), 0o600)
}

func (m *memoryStore) each(series int, from, to int64, f func(workload.Row)) {
	for _, r := range m.rows[series] {
		if r.Time >= from && r.Time < to && r.Flags&workload.NoValue == 0 {
			f(r)
		}
	}
}

func (m *memoryStore) Raw(series int, from, to int64) (a trial.Answer, err error) {
	m.each(series, from, to, func(r workload.Row) {
		a.Points++
		a.Sum += math.Float64frombits(r.Bits)
	})
	return a, nil
}

func (m *memoryStore) Count(from, to int64) (n int, err error) {
	for s := range m.rows {
		m.each(s, from, to, func(workload.Row) { n++ })
	}
	return n, nil
}

func (m *memoryStore) Means(_ string, from, to, step int64) (a trial.Answer, err error) {
	for s := range m.rows {
		for at := from; at < to; at += step {
			n, sum := 0, 0.0
			m.each(s, at, at+step, func(r workload.Row) {
				if r.Status == workload.Good || m.name != ownName { // the peers take every value
					n++
					sum += math.Float64frombits(r.Bits)
				}
			})
			if n > 0 {
				a.Points++
				a.Sum += sum / float64(n)
			}
		}
	}
	return a, nil
}

func (m *memoryStore) Verify(spec workload.Spec) (rows int, different string, err error) {
	for s, want := range spec.Collect() {
		if len(m.rows[s]) != len(want) {
			different = "a row is missing"
		}
		rows += len(m.rows[s])
	}
	return rows, different, nil
}
