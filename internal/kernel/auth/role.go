package auth

import "slices"

// Verb is what somebody wants to do with the things of an organisation.
type Verb string

// The verbs. Read to Organise concern one organisation's things. Metrics and Node concern the node itself and count
// only in the organisation that runs it (its home organisation).
const (
	Read      Verb = "read"      // see the plant, series and samples, gateways, conditions
	Operate   Verb = "operate"   // act in daily work: acknowledge, note, confirm
	Configure Verb = "configure" // change the plant, points, links, gateways
	Audit     Verb = "audit"     // read who did what
	People    Verb = "people"    // people, their roles and sign-in links
	Tokens    Verb = "tokens"    // API tokens
	Organise  Verb = "organise"  // the organisation itself: its names, owned parts, memberships
	Metrics   Verb = "metrics"   // read the node's metrics
	Node      Verb = "node"      // run the node: make organisations, back up, restore
)

// Role is what somebody is in an organisation.
type Role string

// The roles. Owner, engineer, operator and viewer form a ladder, each with all verbs of the next. Monitor stands
// beside it: a token for a metrics collector, which sees nothing else.
const (
	Owner    Role = "owner"
	Engineer Role = "engineer"
	Operator Role = "operator"
	Viewer   Role = "viewer"
	Monitor  Role = "monitor"
)

// Roles in order of weight, the heaviest first.
var Roles = []Role{Owner, Engineer, Operator, Viewer, Monitor}

// verbs is the whole of the rules: which role may do what.
var verbs = map[Role][]Verb{
	Owner:    {Read, Operate, Configure, Audit, People, Tokens, Organise, Metrics, Node},
	Engineer: {Read, Operate, Configure, Audit, Metrics},
	Operator: {Read, Operate},
	Viewer:   {Read},
	Monitor:  {Metrics},
}

// personal are verbs that a token never has, whatever its role: a leaked token must not be able to make itself more
// tokens, or sign somebody in.
var personal = []Verb{People, Tokens, Organise, Node}

// ofNode are verbs that count only in the home organisation.
var ofNode = []Verb{Metrics, Node}

// Valid tells whether the role exists.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// May tells whether the role has the verb.
func (r Role) May(v Verb) bool { return slices.Contains(verbs[r], v) }

// heavier returns the role with more weight; an unknown role weighs nothing.
func heavier(a, b Role) Role {
	ia, ib := slices.Index(Roles, a), slices.Index(Roles, b)
	if ib < 0 || ia >= 0 && ia <= ib {
		return a
	}
	return b
}
