package backup

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Pruned is what Prune took away.
type Pruned struct {
	Snapshots []string `json:"snapshots"`
	Pieces    int      `json:"pieces"`
	Bytes     int64    `json:"bytes,string"`
	Kept      []string `json:"kept"`
}

// Prune keeps the newest snapshots and removes the others, and then every piece that no kept one names. It refuses
// where a kept snapshot cannot be read, since what it needs is not known then.
func (r *Repository) Prune(keep int) (*Pruned, error) {
	if keep < 1 {
		return nil, fmt.Errorf("prune: keep %d snapshots: keep at least 1", keep)
	}
	if r.lock == nil {
		return nil, fmt.Errorf("prune: %s is open for reading", r.dir)
	}
	ids, err := r.IDs()
	if err != nil {
		return nil, err
	}
	out := &Pruned{Kept: ids[max(len(ids)-keep, 0):]}
	needed := map[string]bool{}
	for _, id := range out.Kept {
		s, err := r.Load(id)
		if err != nil {
			return nil, fmt.Errorf("prune: nothing was removed: %w", err)
		}
		for _, f := range s.Files {
			for _, p := range f.Pieces {
				needed[p.SHA256] = true
			}
		}
	}
	for _, id := range ids[:len(ids)-len(out.Kept)] {
		if err := r.fs.Remove(r.documentPath(id)); err != nil {
			return out, err
		}
		out.Snapshots = append(out.Snapshots, id)
	}
	if err := r.fs.SyncDir(filepath.Join(r.dir, snapshotDir)); err != nil {
		return out, err
	}
	return out, r.sweep(out, needed)
}

func (r *Repository) sweep(out *Pruned, needed map[string]bool) error {
	folders, err := r.fs.ReadDir(filepath.Join(r.dir, dataDir))
	if err != nil {
		return err
	}
	for _, d := range folders {
		dir := filepath.Join(r.dir, dataDir, d.Name())
		entries, err := r.fs.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if needed[e.Name()] || !goodHash(e.Name()) && !strings.HasSuffix(e.Name(), ".tmp") {
				continue
			}
			if info, err := e.Info(); err == nil {
				out.Bytes += info.Size()
			}
			if err := r.fs.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
			out.Pieces++
		}
	}
	return nil
}
