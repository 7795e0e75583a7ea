package backup

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Pruned is what Prune took away.
type Pruned struct {
	Snapshots []string `json:"snapshots"`
	Pieces    int      `json:"pieces"`
	Bytes     int64    `json:"bytes,string"`
	Kept      []string `json:"kept"`
}

// Prune keeps the newest snapshots of each node, so many of each, and removes the others, and then every piece that no
// kept one names. It refuses where one that is to be kept cannot be read, or a newer program wrote one, since what it
// needs is not known then.
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
	out := &Pruned{}
	var remove []string
	needed := map[string]bool{}
	of := map[uuid.UUID]int{} // kept, by node
	for i, id := range slices.Backward(ids) {
		s, err := r.Load(id)
		var newer *FormatError
		switch {
		case errors.As(err, &newer) || err != nil && len(ids)-i <= keep:
			return nil, fmt.Errorf("prune: nothing was removed: %w", err)
		case err != nil || of[s.Node] == keep: // what is damaged and old nobody can restore
			remove = append(remove, id)
			continue
		}
		of[s.Node]++
		out.Kept = append(out.Kept, id)
		for _, f := range s.Files {
			for _, p := range f.Pieces {
				needed[p.SHA256] = true
			}
		}
	}
	slices.Reverse(out.Kept)
	for _, id := range slices.Backward(remove) { // the oldest first
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
		if !d.IsDir() {
			continue // not ours
		}
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
