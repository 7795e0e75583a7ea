package published

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// rule is a pack as a room may have it.
type rule struct {
	pack.Header `yaml:",inline"`

	Least int `yaml:"least"`
}

func (r *rule) Check(report func(where, what string)) {
	if r.Least < 1 {
		report("$.least", "is below 1")
	}
}

const table = `CREATE TABLE rule_version (id TEXT NOT NULL, version TEXT NOT NULL, hash TEXT NOT NULL, file TEXT NOT NULL, body TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (id, version))`

func text(version string, least int) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, "id: a\nversion: %s\nsource: a test\nname: {zh: 甲, en: A}\nleast: %d\n", version, least)}
}

func TestAVersionNeverChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if err := audit.Migrate(ctx, db); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(ctx, table); err != nil {
			t.Fatal(err)
		}
		files := fstest.MapFS{"rules/a.yaml": text("1.0.0", 3)}
		open := func() (*Versions[rule], error) {
			set, err := pack.Load[rule](files, "rules")
			if err != nil {
				t.Fatal(err)
			}
			return Open(ctx, Options{DB: db, Table: "rule_version", Files: files, Verb: "rule.publish", Kind: "rule", Users: "games", Now: func() time.Time { return time.Unix(1, 0) }}, set.All())
		}
		least := func(v *Versions[rule], version string) int {
			t.Helper()
			r, err := v.Find(context.Background(), db, "a", version)
			if err != nil {
				t.Fatal(err)
			}
			return r.Least
		}
		if _, err := open(); err != nil {
			t.Fatal(err)
		}
		files["rules/a.yaml"] = text("1.1.0", 5)
		v, err := open()
		if err != nil || v.Offered("a").Least != 5 || least(v, "1.0.0") != 3 || least(v, "1.1.0") != 5 || v.Known() != "a" {
			t.Fatalf("%+v, %v", v, err)
		}
		files["rules/a.yaml"] = text("1.1.0", 6)
		if _, err := open(); err == nil || !strings.Contains(err.Error(), "games may run by it") {
			t.Errorf("other content: %v", err)
		}
		delete(files, "rules/a.yaml")
		files["rules/b.txt"] = &fstest.MapFile{}
		if v, err = open(); err != nil || v.Offered("a") != nil || least(v, "1.1.0") != 5 {
			t.Errorf("the pack is gone: %+v, %v", v, err)
		}
		if _, err := v.Find(ctx, db, "a", "2.0.0"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a version that never was: %v", err)
		}
		// One that this program cannot read any more is told, not run.
		if _, err := db.ExecContext(ctx, `UPDATE rule_version SET body = 'least: 0' WHERE version = '1.0.0'`); err != nil {
			t.Fatal(err)
		}
		if v, err = open(); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Find(ctx, db, "a", "1.0.0"); err == nil || !strings.Contains(err.Error(), "does not hold any more") {
			t.Errorf("a body that does not hold: %v", err)
		}
	})
}
