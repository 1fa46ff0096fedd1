package outside

func leftoversOf(folder string) []int { return leftovers(folder) }
