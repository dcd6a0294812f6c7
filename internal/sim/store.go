package sim

// Store is what a client must know of a running installation: where it is, and
// with which names and tokens one may speak to it.
type Store struct {
	EdgeURL    string
	HQURL      string
	StoreID    string
	StoreToken string
	HQToken    string  // for scripts
	Tills      []Login // at least one
	CashierID  string
	ManagerID  string
}

// Login is a terminal and its token.
type Login struct {
	TerminalID string `json:"terminal_id"`
	Token      string `json:"token"`
}

// Variables are the store's, as data/demo.env has them (contract, §1).
func (s Store) Variables() []Variable {
	list := []Variable{
		{"EDGE_URL", s.EdgeURL}, {"HQ_URL", s.HQURL}, {"STORE_ID", s.StoreID}, {"STORE_TOKEN", s.StoreToken},
	}
	if len(s.Tills) > 0 {
		list = append(list, Variable{"TERMINAL_ID", s.Tills[0].TerminalID}, Variable{"TERMINAL_TOKEN", s.Tills[0].Token})
	}
	return append(list, Variable{"CASHIER_ID", s.CashierID}, Variable{"MANAGER_ID", s.ManagerID}, Variable{"HQ_TOKEN", s.HQToken})
}

// StoreOf is the store that variables describe; what is not there is empty.
func StoreOf(variables map[string]string) Store {
	s := Store{
		EdgeURL: variables["EDGE_URL"], HQURL: variables["HQ_URL"], StoreID: variables["STORE_ID"], StoreToken: variables["STORE_TOKEN"],
		HQToken: variables["HQ_TOKEN"], CashierID: variables["CASHIER_ID"], ManagerID: variables["MANAGER_ID"],
	}
	if id := variables["TERMINAL_ID"]; id != "" {
		s.Tills = []Login{{id, variables["TERMINAL_TOKEN"]}}
	}
	return s
}
