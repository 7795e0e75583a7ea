package store

import (
	"reflect"
	"testing"
)

func FuzzCursor(f *testing.F) {
	k := Keyset{Columns: []string{"time", "id"}}
	f.Add(k.encode([]any{int64(0), ""}))
	f.Add(k.encode([]any{int64(-1 << 63), "0190a0b0-0000-7000-8000-000000000001"}))
	f.Add("")
	f.Add("AGlz")
	f.Fuzz(func(t *testing.T, s string) {
		key, err := k.decode(s)
		if err != nil {
			return
		}
		again, err := k.decode(k.encode(key))
		if err != nil || !reflect.DeepEqual(key, again) {
			t.Errorf("%v came back as %v, %v", key, again, err)
		}
	})
}
