package main

import (
	"os"

	"tiem/internal/fault"
	"tiem/internal/sim"
)

// target is the running shop that a command speaks to: the variables of
// data/demo.env, from the environment or from the file. The environment wins.
type target struct {
	Env string `name:"env" default:"data/demo.env" placeholder:"FILE" help:"The env file of the shop, as pos-sim demo writes it; its variables in the environment win over it."`
}

// store reads the target; what the command needs and does not find is a fault
// of kind Config that names it.
func (t *target) store() (sim.Store, error) {
	variables, err := sim.ReadEnvFile(t.Env)
	if err != nil {
		return sim.Store{}, err
	}
	for _, v := range (sim.Store{Tills: make([]sim.Login, 1)}).Variables() {
		if value := os.Getenv(v.Name); value != "" {
			variables[v.Name] = value
		}
	}
	for _, v := range (sim.Store{Tills: make([]sim.Login, 1)}).Variables() {
		if variables[v.Name] == "" && v.Name != "STORE_TOKEN" && v.Name != "MANAGER_ID" {
			return sim.Store{}, fault.New(fault.Config, "setting_missing", "is neither in the environment nor in %s", t.Env).At(v.Name).
				Advise("start the demo (make run), or name its env file with --env")
		}
	}
	return sim.StoreOf(variables), nil
}
