package data

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// What ships is what SOURCE.md says, byte by byte, and stays small.
func TestShippedDataAreWhatTheirSourceSays(t *testing.T) {
	size := int64(0)
	sets := 0
	err := fs.WalkDir(Files(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, _ := e.Info()
		size += info.Size()
		if !strings.HasSuffix(name, ".gz") {
			return nil
		}
		sets++
		f, err := Files().Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		h := sha256.New()
		if _, err := io.Copy(h, z); err != nil {
			return err
		}
		dir, base, _ := strings.Cut(name, "/")
		source, err := fs.ReadFile(Files(), dir+"/SOURCE.md")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(source)) {
			if strings.Contains(line, base) && strings.Contains(line, hex.EncodeToString(h.Sum(nil))) {
				return nil
			}
		}
		t.Errorf("SOURCE.md does not name %s with its sha256 %x", name, h.Sum(nil))
		return nil
	})
	if err != nil || sets != 6 || size > 400<<10 {
		t.Errorf("%d files, %d bytes, %v", sets, size, err)
	}
}

func TestReadJoinsTheFilesOfASet(t *testing.T) {
	mill, err := Read(Files(), "cnc_mill_wear")
	if err != nil || len(mill.Rows) != 1055+462+565+605 || len(mill.Columns) != 49 || mill.Rows[0][mill.Column("X_ActualPosition")] != "202" {
		t.Fatalf("%v", err)
	}
	steel, err := Read(Files(), "steel_energy")
	if err != nil || len(steel.Rows) != 13*7*96 || steel.Column("date") != 0 || steel.Rows[0][1] != "3.17" {
		t.Fatalf("%v", err)
	}
	if steel.Column("nothing") != -1 {
		t.Error("a column that is not there was found")
	}
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	for what, set := range map[string]fstest.MapFS{
		"nothing":    {},
		"no rows":    {"set/a.csv": {Data: []byte("x,y\n")}},
		"empty":      {"set/a.csv": {Data: nil}},
		"ragged":     {"set/a.csv": {Data: []byte("x,y\n1\n")}},
		"columns":    {"set/a.csv": {Data: []byte("x,y\n1,2\n")}, "set/b.csv": {Data: []byte("x,z\n1,2\n")}},
		"not a gzip": {"set/a.csv.gz": {Data: []byte("x,y\n1,2\n")}},
	} {
		if _, err := Read(set, "set"); err == nil || !strings.Contains(err.Error(), "set") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
