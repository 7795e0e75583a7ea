package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Over lays a folder of own packs over those that ship: an own file stands beside the shipped ones, or in place of the one of the same
// name. A folder that does not ship is read by no room, and so is a file that lies in none: both are refused, since whoever put them
// there expects them to count.
func Over(own, shipped fs.FS) (fs.FS, error) {
	known, err := fs.ReadDir(shipped, ".")
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, e := range known {
		folders = append(folders, e.Name())
	}
	mine, err := fs.ReadDir(own, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range mine {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if !e.IsDir() || !slices.Contains(folders, e.Name()) {
			return nil, fmt.Errorf("%s is read by nothing; packs lie in folders named %s", e.Name(), strings.Join(folders, ", "))
		}
	}
	return over{own, shipped}, nil
}

type over struct{ own, shipped fs.FS }

func (o over) Open(name string) (fs.File, error) {
	f, err := o.own.Open(name)
	if err == nil {
		st, err := f.Stat()
		if err == nil && !st.IsDir() {
			return f, nil
		}
		_ = f.Close() // a folder, of which ReadDir tells
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if f, err := o.shipped.Open(name); !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	return o.own.Open(name)
}

// ReadDir lists what is in either, by name.
func (o over) ReadDir(name string) ([]fs.DirEntry, error) {
	mine, err := fs.ReadDir(o.own, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	theirs, wrong := fs.ReadDir(o.shipped, name)
	if wrong != nil && (err != nil || !errors.Is(wrong, fs.ErrNotExist)) {
		return nil, wrong
	}
	all := append(mine, theirs...)
	slices.SortStableFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(all, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() }), nil
}
