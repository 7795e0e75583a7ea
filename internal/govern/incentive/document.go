package incentive

import "jingwei/internal/kernel/pack/clause"

// Documents are the texts that clauses are quoted from.
type Documents = clause.Documents

// verify looks the clauses of a measure up, once: measures are shared by sets. docs may be nil.
func (m *Measure) verify(docs *Documents, report func(where, what string)) {
	if docs == nil || m.checked {
		return
	}
	m.checked, m.verified = true, docs.Verify("$.clauses", m.Clauses, report)
}
