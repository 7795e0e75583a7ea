package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// leftovers looks at the partial tiles that older checkpoints need, and at what is no part of the log.
func (v *verifier) leftovers(ctx context.Context) error {
	var beyond, strange int
	var walk func(dir string) error
	walk = func(dir string) error {
		list, err := v.o.FS.ReadDir(filepath.Join(v.o.Dir, filepath.FromSlash(dir)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // tidied away meanwhile, or the log is empty
		}
		if err != nil {
			return err
		}
		for _, entry := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			p := path.Join(dir, entry.Name())
			if entry.IsDir() {
				if err := walk(p); err != nil {
					return err
				}
				continue
			}
			t, ok := parseTilePath(p)
			n := rightTile(t.L, v.size)
			switch {
			case !ok:
				if !strings.HasSuffix(p, ".tmp") {
					strange++
					v.r.Notes = append(v.r.Notes, p+" is no part of the log")
				}
			case t.N > n.N || t.N == n.N && t.W > n.W:
				beyond++
			case t.W < tileWidth && t != n:
				if err := v.partial(t); err != nil {
					return err
				}
			}
			if strange > 20 {
				return nil
			}
		}
		return nil
	}
	if err := walk(tileDir); err != nil {
		return err
	}
	if beyond > 0 {
		v.r.Notes = append(v.r.Notes, fmt.Sprintf("%d files stand behind the checkpoint and are covered by none yet", beyond))
	}
	return nil
}

// partial compares a partial tile or bundle with the beginning of what the tree has now.
func (v *verifier) partial(t tlog.Tile) error {
	now := tile(t.L, t.N, tileWidth)
	if right := rightTile(t.L, v.size); right.N == t.N {
		now.W = right.W
	}
	name := tilePath(t)
	limit := int64(maxBundle)
	if t.L != entriesLevel {
		limit = tileWidth * tlog.HashSize
	}
	data, err := readFile(v.o.FS, filepath.Join(v.o.Dir, filepath.FromSlash(name)), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var large *tooLargeError
	if errors.As(err, &large) {
		v.problem(name, "", large.Error())
		return nil
	}
	if err != nil {
		return err
	}
	v.r.Files++
	if t.L == entriesLevel {
		was, broken := parseBundle(data, t.W)
		is, err := readBundle(v.o.FS, v.o.Dir, now)
		if err != nil {
			is = nil // named already
		}
		if broken != nil {
			first := 0
			for first < min(len(was), len(is)) && string(was[first]) == string(is[first]) {
				first++
			}
			v.problem(name, fmt.Sprintf("entry %d", t.N*tileWidth+int64(first)), broken.Error())
			return nil
		}
		if is == nil {
			return nil
		}
		for i := range was {
			place := fmt.Sprintf("entry %d", t.N*tileWidth+int64(i))
			if string(was[i]) != string(is[i]) && !v.named[tilePath(v.onDisk(now))+"\n"+place] {
				v.problem(name, place, "it is not the one in "+tilePath(now))
			}
		}
		return nil
	}
	is, err := readTile(v.o.FS, v.o.Dir, now)
	if err != nil {
		return nil // named already
	}
	if len(data) != t.W*tlog.HashSize {
		v.problem(name, "", fmt.Sprintf("it has %d bytes, want %d", len(data), t.W*tlog.HashSize))
		return nil
	}
	for i := 0; i < len(data); i += tlog.HashSize {
		place := fmt.Sprintf("hash %d", i/tlog.HashSize)
		if string(data[i:i+tlog.HashSize]) != string(is[i:i+tlog.HashSize]) && !v.named[tilePath(v.onDisk(now))+"\n"+place] {
			v.problem(name, place, "it is not the one in "+tilePath(now))
		}
	}
	return nil
}
