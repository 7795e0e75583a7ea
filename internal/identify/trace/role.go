package trace

import (
	"encoding/binary"
	"errors"

	"jingwei/internal/identify/trace/epcis"
)

// Role is what an identifier is in an event. The numbers are in the database.
type Role uint8

// The roles.
const (
	RoleEPC Role = iota + 1
	RoleClass
	RoleParent
	RoleChild
	RoleChildClass
	RoleInput
	RoleInputClass
	RoleOutput
	RoleOutputClass
	RoleTransformation // the id that joins events of one transformation
	RoleTransaction
	RoleSource
	RoleDestination
	RolePoint
	RolePlace
	RoleLot // the lot that an event's things were given by its master data
	RoleCorrective
	RoleDeclares // not an identifier: the fingerprint of the event that an error declaration is about
)

// thing tells whether the identifier is of a thing that the event is about.
func (r Role) thing() bool { return r >= RoleEPC && r <= RoleOutputClass }

// amounts tells whether an amount stands with it.
func (r Role) amounts() bool {
	return r == RoleClass || r == RoleChildClass || r == RoleInputClass || r == RoleOutputClass
}

// Party is in what way a source or a destination has things.
type Party uint8

// The ways (CBV 2.0, 7.4).
const (
	PartyOther Party = iota
	PartyOwning
	PartyPossessing
	PartyLocation
)

func partyOf(uri string) Party {
	switch epcis.PartyTypes.Short(uri) {
	case "owning_party":
		return PartyOwning
	case "possessing_party":
		return PartyPossessing
	case "location":
		return PartyLocation
	}
	return PartyOther
}

// member is an identifier in an event.
type member struct {
	role   Role
	name   int64
	party  Party  // of sources and destinations
	amount string // decimal, "" unknown
	unit   string
}

// appendMembers writes them: for each a byte for the role, the name, and what else the role has.
func appendMembers(dst []byte, list []member) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for i := range list {
		m := &list[i]
		dst = append(dst, byte(m.role))
		dst = binary.AppendUvarint(dst, uint64(m.name))
		switch {
		case m.role.amounts():
			dst = append(dst, byte(len(m.amount)))
			dst = append(dst, m.amount...)
			dst = append(dst, byte(len(m.unit)))
			dst = append(dst, m.unit...)
		case m.role == RoleSource || m.role == RoleDestination:
			dst = append(dst, byte(m.party))
		}
	}
	return dst
}

var errMembers = errors.New("the members of an event are damaged")

// readMembers reads what appendMembers wrote.
func readMembers(b []byte) ([]member, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)) {
		return nil, errMembers
	}
	b = b[size:]
	out := make([]member, n)
	text := func() (s string, ok bool) {
		if len(b) == 0 || len(b) <= int(b[0]) {
			return "", false
		}
		s, b = string(b[1:1+b[0]]), b[1+b[0]:]
		return s, true
	}
	for i := range out {
		if len(b) == 0 {
			return nil, errMembers
		}
		m := &out[i]
		m.role = Role(b[0])
		name, size := binary.Uvarint(b[1:])
		if size <= 0 {
			return nil, errMembers
		}
		m.name, b = int64(name), b[1+size:]
		ok := true
		switch {
		case m.role.amounts():
			if m.amount, ok = text(); ok {
				m.unit, ok = text()
			}
		case m.role == RoleSource || m.role == RoleDestination:
			if ok = len(b) > 0; ok {
				m.party, b = Party(b[0]), b[1:]
			}
		}
		if !ok {
			return nil, errMembers
		}
	}
	if len(b) > 0 {
		return nil, errMembers
	}
	return out, nil
}
