package sim

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"tiem/internal/fault"
)

// PeopleEnv is the name of the file with people's PINs in an installation's data
// directory: PIN_C1='…', mode 0600. It is what makes demo.env stay valid over
// restarts: the edge keeps only what a PIN can be checked with.
const PeopleEnv = "people.env"

// pinPrefix begins the variable that holds a person's PIN.
const pinPrefix = "PIN_"

// person is one of the installation's people.
type person struct{ id, name, role string }

// people are who works in an installation; the manager is the last.
var people = []person{
	{"C1", "Lan", "cashier"}, {"C2", "Hùng", "cashier"}, {"C3", "Mai", "cashier"}, {"C4", "Tuấn", "cashier"}, {"C5", "Ngọc", "cashier"},
	{managerID, "Quản lý", "manager"},
}

// cashierIDs are the cashiers among them, in the order of their tills.
func cashierIDs() []string {
	var ids []string
	for _, p := range people[:len(people)-1] {
		ids = append(ids, p.id)
	}
	return ids
}

// ReadPeople adds what the file at path knows to the store: PINs that it does
// not have yet, and the cashiers that they belong to. A file that is not there
// knows nobody.
func ReadPeople(path string, store *Store) error {
	variables, err := ReadEnvFile(path)
	if err != nil {
		return err
	}
	pins, cashiers := PINs{}, []string{store.CashierID}
	for name, pin := range variables {
		id, ok := strings.CutPrefix(name, pinPrefix)
		if !ok {
			continue
		}
		if pins[id] = pin; id != store.ManagerID && id != store.CashierID {
			cashiers = append(cashiers, id)
		}
	}
	slices.Sort(cashiers[1:])
	for i := range store.Tills {
		maps.Copy(pins, store.Tills[i].PINs) // what the environment says wins
		store.Tills[i].PINs = pins
	}
	if len(pins) > 0 {
		store.Cashiers = cashiers
	}
	return nil
}

// knownPINs are the PINs of an earlier start.
func (in *Installation) knownPINs() error {
	known := in.options.Known
	known.Tills = slices.Clone(known.Tills) // others may start from the same knowledge
	if len(known.Tills) == 0 {
		known.Tills = make([]Login, 1)
	}
	known.CashierID, known.ManagerID = cashierID, managerID
	if err := ReadPeople(filepath.Join(in.options.DataDir, PeopleEnv), &known); err != nil {
		return fault.As(err).Advise("repair it, or remove it: people get new PINs then")
	}
	in.pins = PINs{}
	for _, p := range people {
		if pin := known.Tills[0].PINs[p.id]; pin != "" {
			in.pins[p.id] = pin
		}
	}
	return nil
}

// addPerson adds somebody, and keeps the PIN.
func (in *Installation) addPerson(ctx context.Context, p person) error {
	return in.newPIN(ctx, p.id, "add", "--id", p.id, "--name", p.name, "--role", p.role)
}

// newPIN runs a command of the staff that prints a new PIN, and keeps it.
func (in *Installation) newPIN(ctx context.Context, id string, args ...string) error {
	var made struct {
		PIN string `json:"pin"`
	}
	if err := in.edgeCommand(ctx, nil, &made, append(append([]string{"staff"}, args...), "--json")...); err != nil {
		return err
	}
	in.pins[id] = made.PIN
	return nil
}

// letIn sees to it that everybody can sign in: it adds who is missing, and gives
// a new PIN to those whose PIN is not known or not taken. (Those of an older
// version have none.)
func (in *Installation) letIn(ctx context.Context) error {
	there, err := in.staff(ctx)
	if err != nil {
		return err
	}
	for _, p := range people {
		switch pin := in.pins[p.id]; {
		case !there[p.id]:
			err = in.addPerson(ctx, p)
		case pin == "":
			err = in.newPIN(ctx, p.id, "reset-pin", "--id", p.id)
		case !in.fresh[p.id]:
			err = in.tryPIN(ctx, p.id)
		}
		if err != nil {
			return err
		}
	}
	var variables []Variable
	for _, p := range people {
		variables = append(variables, Variable{pinPrefix + p.id, in.pins[p.id]})
	}
	if err := WriteEnvFile(filepath.Join(in.options.DataDir, PeopleEnv), variables); err != nil {
		return err
	}
	in.store.Cashiers = cashierIDs()
	for i := range in.store.Tills {
		in.store.Tills[i].PINs = in.pins
	}
	return nil
}

// tryPIN signs in with a PIN of an earlier start; if it is wrong, there is a new one.
func (in *Installation) tryPIN(ctx context.Context, id string) error {
	login := in.store.Tills[0]
	login.PINs = in.pins
	till := NewTill(in.store.EdgeURL, login, id)
	defer till.Close()
	err := till.SignIn(ctx)
	if code := fault.CodeOf(err); code == "pin_wrong" || code == "pin_blocked" {
		return in.newPIN(ctx, id, "reset-pin", "--id", id)
	}
	if err != nil {
		return fmt.Errorf("%s signs in: %w", id, err)
	}
	return till.SignOut(ctx)
}

// staff are the ids of everybody who is on the edge's staff.
func (in *Installation) staff(ctx context.Context) (map[string]bool, error) {
	var list page[struct {
		CashierID string `json:"cashier_id"`
	}]
	if err := in.edgeCommand(ctx, nil, &list, "staff", "list", "--json"); err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, p := range list.Items {
		there[p.CashierID] = true
	}
	return there, nil
}
