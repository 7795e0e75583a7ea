package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
)

// rehearsalMark is the file by which a data folder is known as a rehearsal's, for good: its records are no real ones. It holds by
// how much the clock of its node is set off from true time.
const rehearsalMark = "rehearsal"

// farthest is how far back a rehearsal may begin.
const farthest = -10 * 365 * 24 * time.Hour

// rehearsal is a data folder whose node may have its clock set back, so that what takes weeks can be walked through in minutes. Real
// records are never dated by such a clock: a folder that holds any without the mark is refused, and so is a database elsewhere.
type rehearsal struct {
	dir    string
	by     time.Duration // of the clock, from true time; never above 0
	marked bool
	was    time.Duration // of the start before, where it is marked
}

// rehearse prepares a data folder for a node whose clock is set off by a time, 0 for true time. A new folder is marked at once. What
// cannot be is a usageError that names the mend.
func rehearse(cfg *config.Loaded, by time.Duration) (*rehearsal, error) {
	r := &rehearsal{dir: cfg.Data, by: by}
	wrong := func(format string, args ...any) (*rehearsal, error) {
		return nil, usageError{fmt.Errorf(format, args...)}
	}
	switch {
	case by > 0 || by < farthest:
		return wrong("--rehearse is %s: give a time back of at most ten years, such as -336h, or leave it out for true time", by)
	case by != 0 && cfg.Database.URL != "":
		return wrong("--rehearse and database.url: a rehearsal keeps its records in its own data folder, never in a database that may hold real ones; leave one of them out")
	}
	var err error
	if r.was, r.marked, err = markedIn(r.dir); err != nil {
		return nil, err
	}
	switch {
	case r.marked && by < r.was:
		return wrong("the rehearsal in %s has been run at %s from true time, and its time does not run back: go no further back than that, or give a new folder with --data", r.dir, r.was)
	case r.marked || by == 0:
		return r, nil
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look into the data folder: %w", err)
	}
	if len(entries) > 0 {
		return wrong("%s is not new and not the data folder of a rehearsal: its records would be dated falsely; give --rehearse a new folder with --data", r.dir)
	}
	if err := file.MakeDir(file.OS(), r.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	r.marked = true
	return r, r.mark()
}

// keep notes by how much the clock is set off now. It is called once the folder is this node's.
func (r *rehearsal) keep() error {
	if !r.marked || r.by == r.was {
		return nil
	}
	return r.mark()
}

func (r *rehearsal) mark() error {
	r.was = r.by
	return file.WriteAtomic(file.OS(), filepath.Join(r.dir, rehearsalMark), []byte(r.by.String()+"\n"), 0o600)
}

func (r *rehearsal) clock() time.Time { return clock().Add(r.by) }

// markedIn reads the mark of a data folder.
func markedIn(dir string) (by time.Duration, marked bool, err error) {
	b, err := file.ReadAll(file.OS(), filepath.Join(dir, rehearsalMark), 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err == nil {
		by, err = time.ParseDuration(strings.TrimSpace(string(b)))
	}
	if err == nil && (by > 0 || by < farthest) {
		err = fmt.Errorf("%s is not how far a clock is set back", by)
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the mark of a rehearsal in %s: %w; restore the file from a backup", dir, err)
	}
	return by, true, nil
}

// marked tells whether a folder of a node carries a mark: that of a rehearsal or of a demo.
func marked(files file.FS, dir, mark string) (bool, error) {
	_, err := files.Stat(filepath.Join(dir, mark))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// clockOf is the clock of the node of a data folder, for commands that work on its records beside it.
func clockOf(dir string) (func() time.Time, error) {
	by, _, err := markedIn(dir)
	if err != nil {
		return nil, err
	}
	return (&rehearsal{by: by}).clock, nil
}
