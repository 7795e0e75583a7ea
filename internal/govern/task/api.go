package task

import (
	"context"
	"net/http"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// Routes adds the operations.
func (o *Outcomes) Routes(a *api.Server) {
	type which struct {
		Task   string `query:"task" maxLength:"40" doc:"Key of a task; all without it"`
		Target string `query:"target" maxLength:"100" doc:"Only tasks whose effect this target shows"`
	}
	op := api.Tag("tasks").Operation(http.MethodGet, "listTaskEffects", "/tasks/effects", "Which targets show the effect of which task")
	op.Description = "Read from packs. A task that no numeric target belongs to says why. Where the targets stand is told by /targets/{target}."
	api.Register(a, op, func(ctx context.Context, in *which) (*api.List[TaskEffect], error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		return api.Listed(o.Of(in.Task, in.Target), ""), nil
	})
}
