// Package org keeps organisations: who is a tenant of this node, what belongs to what, and what is a member of what.
//
// Two relations stand between organisations, both with effective dates, and they are very different:
//
//   - Ownership joins the parts of one thing: a company, its plants and departments (kind Unit). A role in a company is a
//     role in its parts. A subsidiary is an enterprise of its own, a legal person with its own code: it can be
//     recorded as owned, and inherits no role all the same, because another legal person's data are another's.
//   - Membership puts an enterprise into a park, a district, an association: many at once, coming and going.
//     It gives nobody a role and shows nobody anything; only an agreement does, on one node as across two.
//
// The room knows no people. Which organisations somebody may ask for is decided by package auth; the methods here take
// the ids of a scope and answer for those alone.
//
// Sources: GB 32100-2015 (unified social credit code); design sections 2 and 7; 公司法 (2023) 第十三条 (a subsidiary is a
// legal person, a branch is not).
package org
