print("usage: invitro-bench")
