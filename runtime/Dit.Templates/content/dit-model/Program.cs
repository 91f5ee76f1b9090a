using Dit.Commands;
using Models;

return await DitTool.Run(args, DitModels.All);
