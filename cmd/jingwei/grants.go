package main

import (
	"jingwei/internal/kernel/api/account"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/register"
)

// grantable is what organisations can let others read: the rooms that ask auth.Granted.
func (n *node) grantable() []account.Grantable {
	return []account.Grantable{
		{Kind: fact.GrantKind, Name: text.Text{Zh: "业务数据", En: "Facts"}, Subjects: func() (out []account.GrantSubject) {
			for _, k := range n.facts.Kinds().All() {
				fields := append(account.GrantFields(k.Fields, k.Class), account.GrantField{Key: fact.GrantDocuments, Name: text.Text{Zh: "附件", En: "Documents"}, Restricted: true})
				out = append(out, account.GrantSubject{ID: k.ID, Name: k.Name, Fields: fields})
			}
			return out
		}},
		{Kind: register.GrantKind, Name: text.Text{Zh: "登记册", En: "Registers"}, Subjects: func() (out []account.GrantSubject) {
			for _, r := range n.registers.Registers() {
				out = append(out, account.GrantSubject{ID: r.ID, Name: r.Name, Fields: account.GrantFields(r.Fields, r.Class)})
			}
			return out
		}},
		passportGrants(),
		{Kind: measuredGrant, Name: text.Text{Zh: "平台测得的情况", En: "What the platform measures"}, Subjects: func() []account.GrantSubject {
			return []account.GrantSubject{
				{ID: "machines", Name: text.Text{Zh: "设备台数与联网天数", En: "Machines, and on how many days each delivered"}, Fields: []account.GrantField{}},
				{ID: "energy", Name: text.Text{Zh: "总表用电量与数据质量", En: "What the main energy meters counted, and how complete and timely that is"}, Fields: []account.GrantField{}},
				{ID: "checkups", Name: text.Text{Zh: "已提交体检的等级与得分", En: "Level and score of submitted check-ups"}, Fields: []account.GrantField{}},
			}
		}},
	}
}
