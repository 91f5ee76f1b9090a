using Dit.Commands;
using Dit.Definitions;

return await DitTool.Run(args, DitModels.All);
