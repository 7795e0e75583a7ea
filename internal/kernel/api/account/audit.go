package account

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
)

// AuditEntry is who did what.
type AuditEntry struct {
	ID         uuid.UUID       `json:"id" format:"uuid"`
	Time       time.Time       `json:"time"`
	Org        uuid.UUID       `json:"org" format:"uuid"`
	Actor      string          `json:"actor" doc:"Name at that time"`
	ActorKind  string          `json:"actorKind" doc:"person, token, gateway or system"`
	ActorID    string          `json:"actorId,omitempty"`
	Via        string          `json:"via"`
	Verb       string          `json:"verb" doc:"room.thing.act"`
	Object     string          `json:"object" doc:"Name at that time, or the id"`
	ObjectKind string          `json:"objectKind"`
	ObjectID   string          `json:"objectId,omitempty"`
	Before     json.RawMessage `json:"before,omitempty" doc:"What was changed, as it was"`
	After      json.RawMessage `json:"after,omitempty" doc:"and as it is since"`
	Reason     string          `json:"reason,omitempty"`
	Remote     string          `json:"remote,omitempty"`
	Trace      string          `json:"trace,omitempty"`
}

func (s *Service) audits(a *api.Server) {
	type listInput struct {
		OrgQuery
		Actor  string    `query:"actor" maxLength:"36" doc:"Id of who did it"`
		Object string    `query:"object" maxLength:"100" doc:"Id of what it was done to"`
		Verb   string    `query:"verb" maxLength:"100" doc:"Exact"`
		From   time.Time `query:"from"`
		To     time.Time `query:"to" doc:"Exclusive"`
		api.Paging
	}
	api.Register(a, get("listAudit", "/audit", "audit", "Who did what in my organisations, the latest first"),
		func(ctx context.Context, in *listInput) (*api.List[AuditEntry], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Audit, in.Org)
			if err != nil {
				return nil, err
			}
			entries, next, err := audit.List(ctx, s.DB, scope, audit.Filter{
				Actor: in.Actor, Object: in.Object, Verb: in.Verb, From: in.From, To: in.To,
			}, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]AuditEntry, len(entries))
			for i, e := range entries {
				out[i] = AuditEntry{
					ID: e.ID, Time: e.Time, Org: e.Org, Actor: e.Actor.Name, ActorKind: e.Actor.Kind, ActorID: e.Actor.ID, Via: e.Via,
					Verb: e.Verb, Object: e.Object.Name, ObjectKind: e.Object.Kind, ObjectID: e.Object.ID, Before: e.Before, After: e.After,
					Reason: e.Reason, Remote: e.Remote, Trace: e.Trace,
				}
				if out[i].Object == "" {
					out[i].Object = e.Object.ID
				}
			}
			return api.Listed(out, next), nil
		})
}
