package backup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
)

// Formats are the versions of everything that a node writes to files. The tables of the records have versions of
// their own, room by room (store.Migrate).
type Formats struct {
	Journal  int `json:"journal"`
	Record   int `json:"record"` // of telemetry, in the journal
	Manifest int `json:"manifest"`
	Block    int `json:"block"`
}

// Known are the newest that this program reads; it writes them too.
func Known() Formats {
	manifest, record := telemetry.FormatVersions()
	return Formats{Journal: log.FormatVersion, Record: record, Manifest: manifest, Block: block.FormatVersion()}
}

func (f Formats) each(yield func(name string, v *int)) {
	yield("journal", &f.Journal)
	yield("record", &f.Record)
	yield("manifest", &f.Manifest)
	yield("block", &f.Block)
}

// newer returns the first format of f that is newer than this program's.
func (f Formats) newer() (name string, has, knows int) {
	known := map[string]int{}
	Known().each(func(n string, v *int) { known[n] = *v })
	f.each(func(n string, v *int) {
		if name == "" && *v > known[n] {
			name, has, knows = n, *v, known[n]
		}
	})
	return name, has, knows
}

// FormatsFile is the file in the data folder that tells which formats may be in it, and which program brought them.
const FormatsFile = "formats.json"

type formatsMark struct {
	Program string `json:"program"` // the first that wrote these formats
	Formats
}

func readFormats(fsys file.FS, dir string) (m formatsMark, found bool, err error) {
	b, err := readAll(fsys, filepath.Join(dir, FormatsFile), 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return m, false, &DamageError{FormatsFile, err.Error()}
	}
	return m, true, nil
}

// CheckFormats refuses a data folder that a newer program has written to. Error: *FormatError.
func CheckFormats(fsys file.FS, dir string) error {
	m, found, err := readFormats(fsys, dir)
	if err != nil || !found {
		return err
	}
	if name, has, knows := m.newer(); name != "" {
		return &FormatError{What: "the data folder " + dir + " (" + name + ")", Has: has, Knows: knows, Program: m.Program}
	}
	return nil
}

// MarkFormats notes, before anything is written, that this program writes to the data folder. Errors: *FormatError where
// a newer one has, *UnfinishedRestoreError.
func MarkFormats(fsys file.FS, dir, program string) error {
	if _, err := fsys.Stat(filepath.Join(dir, restoreMark)); err == nil {
		return &UnfinishedRestoreError{dir}
	}
	if err := CheckFormats(fsys, dir); err != nil {
		return err
	}
	m, found, err := readFormats(fsys, dir)
	if err != nil || found && m.Formats == Known() {
		return err
	}
	b, err := json.Marshal(formatsMark{program, Known()})
	if err != nil {
		return err
	}
	return file.WriteAtomic(fsys, filepath.Join(dir, FormatsFile), append(b, '\n'), 0o600)
}
