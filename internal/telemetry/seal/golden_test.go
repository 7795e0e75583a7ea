package seal

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/proof"
)

// The canonical bytes of records are for ever: leaves that were made of them stand in the logs of others. A file in testdata
// is never written anew.
func TestTheFormOfRecordsNeverChanges(t *testing.T) {
	id := func(n byte) uuid.UUID { return uuid.UUID{0x01, 0x90, 0xa0, 0xb0, 6: 0x70, 8: 0x80, 15: n} }
	c := Correction{ID: id(1), Org: id(2), Series: id(3), Undoes: id(4), Kind: "scale", Since: 1777852800000000000, Until: 1777939200000000000,
		Words: `{"reason":"比例错误","reference":"CT 400/5"}`, By: `{"kind":"person","id":"p","name":"李"}`, At: 1777939200000000001,
		Basis: 7, Rows: 3, FirstSeq: 1, LastSeq: 2, FirstCommit: 8, LastCommit: 9}
	e := audit.Entry{ID: id(5), Time: time.Unix(0, 1777939200000000002), Org: id(2), Actor: audit.Actor{Kind: "person", ID: "p", Name: "李"}, Via: "session", Verb: "plant.node.move",
		Object: audit.Object{Kind: "plant.node", ID: "m1", Name: "铣"}, Before: json.RawMessage(`{"parent":  "a"}`), After: json.RawMessage(`{"parent":"b"}`),
		Reason: "layout\nof the hall", Remote: "10.0.0.7", Trace: "00-1"}
	for name, got := range map[string][]byte{"correction-v1.txt": Canonical(c.fields()), "audit-v1.txt": Canonical(auditFields(&e))} {
		if want := proof.Must(os.ReadFile("testdata/" + name)); string(got) != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}
