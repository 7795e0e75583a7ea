package match

import (
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// ContactState is where a contact of a firm and a provider stands.
type ContactState string

// The states.
const (
	Requested  ContactState = "requested"
	Talking    ContactState = "talking"
	Met        ContactState = "met"
	Quoted     ContactState = "quoted"
	Proposed   ContactState = "proposed" // one side says that a contract is signed, the other has not confirmed
	Contracted ContactState = "contracted"
	Delivered  ContactState = "delivered"
	Done       ContactState = "done"
	Declined   ContactState = "declined"
	Closed     ContactState = "closed"
)

var contactNames = map[ContactState]text.Text{
	Requested: {Zh: "待回应", En: "requested"}, Talking: {Zh: "沟通中", En: "talking"}, Met: {Zh: "已会面", En: "met"}, Quoted: {Zh: "已报价", En: "quoted"},
	Proposed: {Zh: "合同待确认", En: "contract to be confirmed"}, Contracted: {Zh: "已签约", En: "contracted"}, Delivered: {Zh: "已交付", En: "delivered"},
	Done: {Zh: "已见效", En: "done"}, Declined: {Zh: "已婉拒", En: "declined"}, Closed: {Zh: "已结束", En: "closed"},
}

// Final tells whether nothing more happens.
func (s ContactState) Final() bool { return s == Done || s == Declined || s == Closed }

// PartySide is a side of a contact.
type PartySide string

// The sides.
const (
	Firm     PartySide = "firm"
	Provider PartySide = "provider"
)

func (s PartySide) other() PartySide {
	if s == Firm {
		return Provider
	}
	return Firm
}

// Contact of a firm and a provider about a need.
type Contact struct {
	ID       uuid.UUID
	Need     uuid.UUID
	Firm     uuid.UUID // whose need it is
	Supply   uuid.UUID // entry of a register
	Provider uuid.UUID
	Event    uuid.UUID // at which they met; zero for none
	By       PartySide // who asked
	Way      string    // of cooperating
	State    ContactState
	Content  Content
	Revision int64
	Created  int64
	At       int64
}

// Content of a contact: what its steps have brought.
type Content struct {
	FirmName     text.Text `json:"firmName"`
	ProviderName text.Text `json:"providerName"`
	NeedTitle    string    `json:"needTitle"`
	NeedKind     string    `json:"needKind"`
	SupplyTitle  string    `json:"supplyTitle"`
	Register     string    `json:"register"`
	Score        int64     `json:"score"`
	Quoted       *int64    `json:"quoted,omitempty"`
	Contract     *Contract `json:"contract,omitempty"`
	Result       *Result   `json:"result,omitempty"`
}

// Contract that both sides have signed.
type Contract struct {
	Number  string      `json:"number" minLength:"1" maxLength:"100"`
	Signed  string      `json:"signed" format:"date"`
	Due     string      `json:"due,omitempty" format:"date" doc:"The day by which it is to be delivered"`
	Amount  int64       `json:"amount" minimum:"0" doc:"Fen"`
	Subject string      `json:"subject" enum:"software,first-edition,cloud,equipment,integration,consulting,goods,other"`
	By      PartySide   `json:"by,omitempty" enum:"firm,provider"`
	Facts   []uuid.UUID `json:"facts,omitempty" doc:"The contract as a fact of each side, once both have confirmed it"`
}

// Result of a contract, as the firm confirms it.
type Result struct {
	Words     string      `json:"words" maxLength:"2000"`
	Delivered string      `json:"delivered" format:"date" doc:"The day on which it was delivered"`
	Saving    *int64      `json:"saving,omitempty" doc:"Fen a year, as the firm declares it"`
	Facts     []uuid.UUID `json:"facts,omitempty" maxItems:"20" doc:"Facts of the firm that show it"`
}

// step is one thing that can be done with a contact.
type step struct {
	name text.Text
	from []ContactState
	to   ContactState
	by   []PartySide // nil: see may
}

var anyone = []PartySide{Firm, Provider}

// steps are all that can happen. accept and decline are for the side that was asked, confirm for the one that did not propose.
var steps = map[string]step{
	"accept":  {text.Text{Zh: "接受", En: "accept"}, []ContactState{Requested}, Talking, nil},
	"decline": {text.Text{Zh: "婉拒", En: "decline"}, []ContactState{Requested}, Declined, nil},
	"meet":    {text.Text{Zh: "会面", En: "meet"}, []ContactState{Talking, Met, Quoted}, Met, anyone},
	"quote":   {text.Text{Zh: "报价", En: "quote"}, []ContactState{Talking, Met, Quoted}, Quoted, []PartySide{Provider}},
	"propose": {text.Text{Zh: "登记合同", En: "propose a contract"}, []ContactState{Talking, Met, Quoted, Proposed}, Proposed, anyone},
	"confirm": {text.Text{Zh: "确认合同", En: "confirm the contract"}, []ContactState{Proposed}, Contracted, nil},
	"deliver": {text.Text{Zh: "交付", En: "deliver"}, []ContactState{Contracted}, Delivered, []PartySide{Provider}},
	"result":  {text.Text{Zh: "确认成效", En: "confirm the result"}, []ContactState{Contracted, Delivered}, Done, []PartySide{Firm}},
	"close":   {text.Text{Zh: "结束", En: "close"}, []ContactState{Requested, Talking, Met, Quoted, Proposed}, Closed, anyone},
}

// order in which steps are offered.
var stepOrder = []string{"accept", "decline", "meet", "quote", "propose", "confirm", "deliver", "result", "close"}

// may tells whether a side can do a step now.
func (c *Contact) may(id string, side PartySide) bool {
	s, known := steps[id]
	if !known || !slices.Contains(s.from, c.State) {
		return false
	}
	switch id {
	case "accept", "decline":
		return side != c.By
	case "confirm":
		return c.Content.Contract != nil && side != c.Content.Contract.By
	}
	return slices.Contains(s.by, side)
}

// offered are the steps that a side can do now.
func (c *Contact) offered(side PartySide) []string {
	out := []string{}
	for _, id := range stepOrder {
		if c.may(id, side) {
			out = append(out, id)
		}
	}
	return out
}
