package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"jingwei/internal/identify/trace/epcis"
)

// entry is an event made ready to be written.
type entry struct {
	event   *epcis.Event
	text    []byte
	digest  [sha256.Size]byte
	print   int64 // fingerprint by which the same event is known again; an error declaration is not the event that it declares
	ident   int64 // of its eventID; 0 where its hash is its id
	members []named
}

// named is a member whose identifier has no number yet.
type named struct {
	member
	key string
}

// kinds number the kinds of events in the database.
var kinds = map[epcis.Type]int64{epcis.ObjectEvent: 1, epcis.AggregationEvent: 2, epcis.TransactionEvent: 3, epcis.TransformationEvent: 4, epcis.AssociationEvent: 5}

var actions = map[epcis.Action]int64{"": 0, epcis.Add: 1, epcis.Observe: 2, epcis.Delete: 3}

// Numbers of kinds and actions in the database.
const (
	kindObject, kindAggregation, kindTransaction, kindTransformation, kindAssociation = 1, 2, 3, 4, 5
	actionAdd, actionObserve, actionDelete                                            = 1, 2, 3
)

// Flags of an event.
const (
	flagError  = 1 << iota // declares an error
	flagSensor             // has sensor data
	flagILMD
)

func prepare(e *epcis.Event) *entry {
	x := &entry{event: e, text: epcis.AppendJSON(nil, e), digest: epcis.Digest(e)}
	x.print = int64(binary.BigEndian.Uint64(x.digest[:8]))
	if d := e.Error; d != nil {
		h := sha256.New()
		h.Write(x.digest[:])
		h.Write([]byte(e.ID + "\x00" + d.Time.At.UTC().Format(time.RFC3339Nano) + "\x00" + d.Reason + "\x00" + strings.Join(d.Corrective, "\x00")))
		x.print = int64(binary.BigEndian.Uint64(h.Sum(nil)[:8]))
	}
	// What its own hash leads to needs no other way.
	switch hash := epcis.HashOf(x.digest); {
	case e.ID != "" && e.ID != hash:
		x.ident = identOf(e.ID)
	case e.Error != nil:
		x.ident = identOf(hash)
	}
	x.gather()
	return x
}

// identOf is the number by which an eventID is looked up; never 0.
func identOf(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	if n := int64(binary.BigEndian.Uint64(sum[:8])); n != 0 {
		return n
	}
	return 1
}

// gather lists the identifiers of the event.
func (x *entry) gather() {
	e := x.event
	put := func(role Role, id string, party Party, amount, unit string) {
		if id != "" {
			x.members = append(x.members, named{member{role: role, party: party, amount: amount, unit: unit}, epcis.Key(id)})
		}
	}
	ids := func(role Role, list []string) {
		for _, id := range list {
			put(role, id, 0, "", "")
		}
	}
	amounts := func(role Role, list []epcis.Quantity) {
		for _, q := range list {
			amount := q.Amount
			if len(amount) > 40 {
				amount = ""
			}
			put(role, q.Class, 0, amount, q.Unit)
		}
	}
	ids(RoleEPC, e.EPCs)
	amounts(RoleClass, e.Quantities)
	put(RoleParent, e.Parent, 0, "", "")
	ids(RoleChild, e.Children)
	amounts(RoleChildClass, e.ChildQuantities)
	ids(RoleInput, e.Inputs)
	amounts(RoleInputClass, e.InputQuantities)
	ids(RoleOutput, e.Outputs)
	amounts(RoleOutputClass, e.OutputQuantities)
	put(RoleTransformation, e.Transformation, 0, "", "")
	for _, t := range e.Transactions {
		put(RoleTransaction, t.ID, 0, "", "")
	}
	for _, t := range e.Sources {
		put(RoleSource, t.ID, partyOf(t.Type), "", "")
	}
	for _, t := range e.Destinations {
		put(RoleDestination, t.ID, partyOf(t.Type), "", "")
	}
	if e.ReadPoint != nil {
		put(RolePoint, e.ReadPoint.ID, 0, "", "")
	}
	if e.Location != nil {
		put(RolePlace, e.Location.ID, 0, "", "")
	}
	if e.Error != nil {
		ids(RoleCorrective, e.Error.Corrective)
		x.members = append(x.members, named{member{role: RoleDeclares, name: int64(binary.BigEndian.Uint64(x.digest[:8]))}, ""})
	}
	x.lots()
}

// lots joins instances that were made with the lot that their master data name: who recalls a lot means them.
func (x *entry) lots() {
	e := x.event
	made := e.EPCs
	if e.Type == epcis.TransformationEvent {
		made = e.Outputs
	} else if e.Action != epcis.Add {
		return
	}
	lot := ""
	for _, m := range e.ILMD {
		if m.Name.Local == "lotNumber" && m.Value.Kind == epcis.Text {
			lot = m.Value.Text
		}
	}
	if lot == "" || len(made) == 0 {
		return
	}
	seen := map[string]bool{}
	for _, id := range made {
		class, instance := epcis.Class(epcis.Key(id))
		if class == "" || !instance || seen[class] {
			continue
		}
		seen[class] = true
		if key, ok := epcis.Canonical(class + "/10/" + escape(lot)); ok {
			x.members = append(x.members, named{member{role: RoleLot}, key})
		}
	}
}

// escape writes a lot as a segment of a Digital Link.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("-._", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

func (x *entry) flags() (f int64) {
	if x.event.Error != nil {
		f |= flagError
	}
	if len(x.event.Sensors) > 0 {
		f |= flagSensor
	}
	if x.event.HasILMD {
		f |= flagILMD
	}
	return f
}
