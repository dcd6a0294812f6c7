package sim

// Store is what a client must know of a running installation: where it is, and
// with which names and tokens one may speak to it.
type Store struct {
	EdgeURL    string
	HQURL      string
	GRPCTarget string // of HQ, host:port
	StoreID    string
	StoreToken string
	HQToken    string   // for scripts
	Tills      []Login  // at least one
	CashierID  string   // who works where nobody else is named
	Cashiers   []string // who works at the tills, in their order; none: CashierID at all of them
	ManagerID  string
}

// Login is what it takes to work at a terminal: its token, and the PINs of the
// people who do.
type Login struct {
	TerminalID string `json:"terminal_id"`
	Token      string `json:"token"`
	PINs       PINs   `json:"-"`
}

// PINs are people's PINs by their ids. They are read, never changed, once they
// are somebody's.
type PINs map[string]string

// CashierAt is who works at till i.
func (s Store) CashierAt(i int) string {
	if len(s.Cashiers) == 0 {
		return s.CashierID
	}
	return s.Cashiers[i%len(s.Cashiers)]
}

// Till is a new till at terminal i, with its cashier and the manager within call,
// if there is one whose PIN is known.
func (s Store) Till(i int) *Till {
	till := NewTill(s.EdgeURL, s.Tills[i], s.CashierAt(i))
	if s.Tills[i].PINs[s.ManagerID] != "" {
		till.Manager = s.ManagerID
	}
	return till
}

// Variables are the store's, as data/demo.env has them (contract, §1).
func (s Store) Variables() []Variable {
	list := []Variable{
		{"EDGE_URL", s.EdgeURL}, {"HQ_URL", s.HQURL}, {"HQ_GRPC_TARGET", s.GRPCTarget}, {"STORE_ID", s.StoreID}, {"STORE_TOKEN", s.StoreToken},
	}
	var pins PINs
	if len(s.Tills) > 0 {
		list = append(list, Variable{"TERMINAL_ID", s.Tills[0].TerminalID}, Variable{"TERMINAL_TOKEN", s.Tills[0].Token})
		pins = s.Tills[0].PINs
	}
	return append(list, Variable{"CASHIER_ID", s.CashierID}, Variable{"CASHIER_PIN", pins[s.CashierID]},
		Variable{"MANAGER_ID", s.ManagerID}, Variable{"MANAGER_PIN", pins[s.ManagerID]}, Variable{"HQ_TOKEN", s.HQToken})
}

// StoreOf is the store that variables describe; what is not there is empty.
func StoreOf(variables map[string]string) Store {
	s := Store{
		EdgeURL: variables["EDGE_URL"], HQURL: variables["HQ_URL"], GRPCTarget: variables["HQ_GRPC_TARGET"], StoreID: variables["STORE_ID"], StoreToken: variables["STORE_TOKEN"],
		HQToken: variables["HQ_TOKEN"], CashierID: variables["CASHIER_ID"], ManagerID: variables["MANAGER_ID"],
	}
	if id := variables["TERMINAL_ID"]; id != "" {
		s.Tills = []Login{{id, variables["TERMINAL_TOKEN"], pinsOf(variables)}}
	}
	return s
}

func pinsOf(variables map[string]string) PINs {
	pins := PINs{}
	for _, who := range []string{"CASHIER", "MANAGER"} {
		if id, pin := variables[who+"_ID"], variables[who+"_PIN"]; id != "" && pin != "" {
			pins[id] = pin
		}
	}
	return pins
}
