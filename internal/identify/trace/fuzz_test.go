package trace

import (
	"bytes"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence/group"
)

// FuzzQuery reads queries as named queries bring them; what is taken can be kept and read again.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{`{}`, `{"eventType":["ObjectEvent"],"GE_eventTime":"2026-05-04T00:00:00Z"}`, `{"EQ_value_CEL":[1,2.5]}`, `{"EQ_ILMD_ext:lot":"a"}`, `{"EXISTS_errorDeclaration":null}`,
		`{"MATCH_epc":["urn:epc:idpat:sgtin:4012345.012345.*"]}`, `{"GT_quantity":1e99}`, `[]`, `{"a":{"b":1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := QueryOf(b)
		if err != nil {
			return
		}
		q, err := ParseQuery(p, nil)
		if err != nil {
			return
		}
		again, err := ParseQuery(p, nil)
		if err != nil || !bytes.Equal(q.tag(), again.tag()) {
			t.Errorf("%s is another query the second time: %v", b, err)
		}
	})
}

// FuzzPageToken gives tokens that did not come from the node.
func FuzzPageToken(f *testing.F) {
	q := &Query{}
	f.Add(q.token(cursor{1, 2, 3}))
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := q.cursor(s)
		if err != nil {
			return
		}
		if again, err := q.cursor(q.token(c)); err != nil || again != c {
			t.Errorf("%q: %v, then %v, %v", s, c, again, err)
		}
	})
}

// FuzzMembers reads what stands in the rows of events.
func FuzzMembers(f *testing.F) {
	f.Add(appendMembers(nil, []member{{role: RoleEPC, name: 7}, {role: RoleClass, name: 300, amount: "12.5", unit: "KGM"}, {role: RoleSource, name: 1, party: PartyOwning}}))
	f.Add([]byte{255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := readMembers(b)
		if err != nil {
			return
		}
		if again, err := readMembers(appendMembers(nil, list)); err != nil || len(again) != len(list) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

// FuzzEventProof reads files of proofs that somebody else made.
func FuzzEventProof(f *testing.F) {
	good, err := EventProof{Event: canonical(uuid.Nil, uuid.Nil, []byte("{}")), Group: group.Proof{Format: "jingwei-group-proof/1", Size: 1}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":"jingwei-event-proof/1","group":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseEventProof(b)
		if err != nil {
			return
		}
		if _, err := p.Verify(origin, verifier()); err == nil {
			t.Error("proved")
		}
	})
}
