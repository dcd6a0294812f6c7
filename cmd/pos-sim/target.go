package main

import (
	"os"
	"path/filepath"
	"slices"

	"tiem/internal/fault"
	"tiem/internal/sim"
)

// target is the running shop that a command speaks to: the variables of
// data/demo.env, from the environment or from the file. The environment wins.
type target struct {
	Env string `name:"env" default:"data/demo.env" placeholder:"FILE" help:"The env file of the shop, as pos-sim demo writes it; its variables in the environment win over it."`
}

// spare are variables that a command needs only if it says so.
var spare = []string{"STORE_TOKEN", "HQ_GRPC_TARGET", "MANAGER_ID", "MANAGER_PIN", "CASHIER_PIN"}

// store reads the target; what the command needs and does not find is a fault
// of kind Config that names it. needed are those of spare that it needs, too.
func (t *target) store(needed ...string) (sim.Store, error) {
	variables, err := sim.ReadEnvFile(t.Env)
	if err != nil {
		return sim.Store{}, err
	}
	all := (sim.Store{Tills: make([]sim.Login, 1)}).Variables()
	for _, v := range all {
		if value := os.Getenv(v.Name); value != "" {
			variables[v.Name] = value
		}
	}
	for _, v := range all {
		if variables[v.Name] == "" && (!slices.Contains(spare, v.Name) || slices.Contains(needed, v.Name)) {
			return sim.Store{}, fault.New(fault.Config, "setting_missing", "is neither in the environment nor in %s", t.Env).At(v.Name).
				Advise("start the demo (make run), or name its env file with --env")
		}
	}
	store := sim.StoreOf(variables)
	return store, sim.ReadPeople(filepath.Join(filepath.Dir(t.Env), sim.PeopleEnv), &store)
}
